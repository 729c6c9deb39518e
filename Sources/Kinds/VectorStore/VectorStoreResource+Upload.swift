import Language
import Wire

extension VectorStoreResource {
    /// The longest download, in bytes.
    private static let longestDownload = 1 << 30

    /// Uploads a document; one that is not what was planned never becomes a file of the server.
    /// - Returns: The id of the file.
    func upload(_ document: Document) async throws -> String {
        do {
            switch document.content {
            case .file(let file):
                return try await server.files.upload(file, path: document.path).id
            case .text(let text):
                return try await server.files.upload(Array(text.utf8), path: document.path).id
            case .download(let url, let sha256):
                return try await withTemporaryPath { path in
                    let file = try await download(url, to: path)
                    guard file.sha256 == sha256 else { throw FileBody.Failure.changed }
                    return try await server.files.upload(file, path: document.path).id
                }
            }
        } catch let failure as FileBody.Failure {
            throw Diagnostic.changedMeanwhile(document, failure)
        }
    }

    /// Downloads into a new file, a piece at a time.
    private func download(_ url: Located<String>, to path: String) async throws -> FileContent {
        do {
            return try await transport.stream(HTTPRequest(.get, url.value, timeout: .seconds(120))) { head, chunks in
                guard head.status == 200 else { throw Diagnostic.noDownload(url, "status \(head.status)") }
                let file = try NewFile(path)
                try await chunks.forEach { bytes in
                    try file.write(bytes)
                    guard file.content.size <= Self.longestDownload else {
                        throw Diagnostic.noDownload(url, "it is longer than \(Self.longestDownload >> 20) MiB")
                    }
                }
                return file.content
            }
        } catch let failure as TransportFailure {
            throw Diagnostic.noDownload(url, failure.message)
        } catch let failure as FileBytes.Failure {
            throw Diagnostic.noDownload(url, "no temporary file can be written (\(failure.told))")
        }
    }
}

extension FileBytes.Failure {
    fileprivate var told: String {
        switch self {
        case .missing: "it is no longer there"
        case .directory: "it is a directory"
        case .tooLarge: "it is too large"
        case .unreadable(let reason): reason
        }
    }
}

extension Diagnostic {
    fileprivate static func changedMeanwhile(_ document: Document, _ failure: FileBody.Failure) -> Diagnostic {
        let detail =
            switch failure {
            case .changed: "`\(document.path)` has other content than its digest says."
            case .unreadable(let reason): "`\(document.path)` can no longer be read: \(reason.told)."
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
