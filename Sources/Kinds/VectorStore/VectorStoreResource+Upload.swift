import Language
import Wire

extension VectorStoreResource {
    /// The maximum size of a download, in bytes.
    private static let longestDownload = 1 << 30

    /// Uploads documents, several concurrently, except those whose files an interrupted run left.
    func upload(
        _ coming: [Coming], reusing found: [String: LlamaStack.File], _ delivery: Delivery
    ) async throws -> (uploaded: [Uploaded], problems: [Diagnostic]) {
        let results = try await coming.concurrentMap(limit: Self.uploads) { coming -> Result<Uploaded?, Diagnostic> in
            if let file = found[coming.document.path] {
                delivery.course.noteUpload()
                return .success(Uploaded(coming: coming, file: file))
            }
            guard !delivery.course.isOver, !delivery.course.isInterrupted else { return .success(nil) }
            do {
                let file = try await uploading.run {
                    try await leftovers.uploading(coming.document) { try await upload(coming.document, unless: $0) }
                }
                delivery.course.noteUpload()
                return .success(Uploaded(coming: coming, file: file))
            } catch {
                if (error as? WireError)?.isUnreachable == true { delivery.course.end() }
                return .failure(try coming.document.problem(error, at: delivery.address))
            }
        }
        var uploaded: [Uploaded] = []
        var problems: [Diagnostic] = []
        for result in results {
            switch result {
            case .success(let upload): uploaded += upload.map { [$0] } ?? []
            case .failure(let problem): problems.append(problem)
            }
        }
        return (uploaded, problems)
    }

    /// Uploads a document; one that is not the planned one never becomes a file of the server.
    private func upload(
        _ document: Document, unless look: @escaping LlamaStack.Files.Look
    ) async throws -> LlamaStack.File {
        do {
            switch document.content {
            case .file(let file):
                return try await server.files.upload(file, path: document.path, unless: look)
            case .text(let text):
                return try await server.files.upload(Array(text.utf8), path: document.path, unless: look)
            case .download(let url, let sha256):
                return try await withTemporaryPath { path in
                    let (file, charset) = try await download(url, to: path)
                    guard file.sha256 == sha256 else { throw FileBody.Failure.changed }
                    guard let charset else {
                        return try await server.files.upload(file, path: document.path, unless: look)
                    }
                    return try await withTemporaryPath { path in
                        let converted = try convert(file, from: charset, at: url, to: path)
                        return try await server.files.upload(converted, path: document.path, unless: look)
                    }
                }
            }
        } catch let failure as FileBody.Failure {
            throw Diagnostic.changedMeanwhile(document, failure)
        }
    }

    /// Downloads into a new file, chunk by chunk; redirects are followed.
    /// - Returns: The file, and the charset of a text that is not UTF-8.
    private func download(
        _ url: Located<String>, to path: String
    ) async throws -> (file: FileContent, charset: String?) {
        do {
            return try await transport.streamFollowing(HTTPRequest(.get, url.value, timeout: .seconds(120))) {
                head, chunks in
                guard head.status == 200 else { throw Diagnostic.noDownload(url, "status \(head.status)") }
                let file = try NewFile(path)
                try await chunks.forEach { bytes in
                    try file.write(bytes)
                    guard file.content.size <= Self.longestDownload else {
                        throw Diagnostic.noDownload(url, "it is longer than \(Self.longestDownload >> 20) MiB")
                    }
                }
                let type = head.header("content-type")
                let isText = type?.lowercased().hasPrefix("text/") ?? false
                return (file.content, isText ? Charset.name(in: type) : nil)
            }
        } catch let failure as TransportFailure {
            throw Diagnostic.noDownload(url, failure.message)
        } catch let failure as FileBytes.Failure {
            throw Diagnostic.noDownload(url, "no temporary file can be written (\(failure.reason))")
        }
    }

    /// Converts the text of a file to UTF-8, which is all that servers read, into a new file.
    private func convert(
        _ file: FileContent, from name: String, at url: Located<String>, to path: String
    ) throws -> FileContent {
        guard var charset = Charset(name) else {
            throw Diagnostic.noDownload(url, "it is in the charset `\(name)`, which is not known here")
        }
        do {
            let (source, converted) = (try OpenFile(file.path), try NewFile(path))
            var piece = [UInt8](repeating: 0, count: OpenFile.pieceSize)
            while true {
                let count = try piece.withUnsafeMutableBytes { try source.read(into: $0) }
                let text = charset.utf8(piece[..<count], isLast: count == 0)
                try text.withUnsafeBytes { try converted.write($0) }
                if count == 0 { return converted.content }
            }
        } catch let failure as FileBytes.Failure {
            throw Diagnostic.noDownload(url, "no temporary file can be written (\(failure.reason))")
        }
    }
}

extension Diagnostic {
    fileprivate static func changedMeanwhile(_ document: Document, _ failure: FileBody.Failure) -> Diagnostic {
        let detail =
            switch failure {
            case .changed: "`\(document.path)` has other content than its digest says."
            case .unreadable(let failure): "`\(document.path)` can no longer be read: \(failure.reason)."
            }
        return Diagnostic(
            "changed-meanwhile", "A document is not what was planned", detail: detail,
            fix: "For a file, plan again; for a download, check the address and its `sha256`.", at: document.range,
            cause: .conflict)
    }

    fileprivate static func noDownload(_ url: Located<String>, _ reason: String) -> Diagnostic {
        Diagnostic(
            "no-download", "A document could not be downloaded", detail: "`\(url.value)` gave no document: \(reason).",
            fix: "Check the address.", at: url.range, cause: .incomplete)
    }
}
