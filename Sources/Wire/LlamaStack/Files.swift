import FoundationEssentials
package import Language

extension LlamaStack {
    package var files: Files {
        Files(endpoint: endpoint, path: "\(capabilities.openAIPrefix)/files")
    }

    /// `/v1/files`, 0.2 (under `/v1/openai/v1`) to OGX 1.5. Only the id of a file is unique, and a file cannot carry a
    /// mark.
    package struct Files: Sendable {
        let endpoint: Endpoint
        let path: String

        /// All files, oldest first.
        package func list() async throws -> [File] {
            try await endpoint.pages(of: Call("list the files", .get, path, query: [("order", "asc")]), limit: 1_000)
        }

        /// The file that an upload has created although the server put it off; nil when it has created none. It throws
        /// `InDoubt` when it cannot tell: then nothing is sent again.
        package typealias Look = @Sendable () async throws -> File?

        /// Uploads a document under the name that `DocumentName` gives its path. Sent again only when a look finds that
        /// it has created nothing: otherwise there might be two. Without `look`, it is enough that no file of that name
        /// and size has appeared since.
        package func upload(
            _ bytes: [UInt8], path document: String, purpose: String = "assistants",
            timeout: Duration = .seconds(300), unless look: Look? = nil
        ) async throws -> File {
            let form = Self.form(document, purpose, sha256: sha256Hex(bytes))
            return try await upload(
                .bytes(form.prefix + bytes + form.suffix, contentType: form.contentType), of: document,
                size: bytes.count, timeout: timeout, unless: look)
        }

        /// Uploads a file from disk, which is read while it is sent.
        /// - Throws: `FileBody.Failure` when the file has changed; then the server does not have it.
        package func upload(
            _ file: FileContent, path document: String, purpose: String = "assistants",
            timeout: Duration = .seconds(300), unless look: Look? = nil
        ) async throws -> File {
            let form = Self.form(document, purpose, sha256: file.sha256)
            let body = FileBody(prefix: form.prefix, file: file, suffix: form.suffix)
            return try await upload(
                .file(body, contentType: form.contentType), of: document, size: file.size, timeout: timeout,
                unless: look)
        }

        private static func form(_ document: String, _ purpose: String, sha256: String) -> MultipartForm {
            MultipartForm(
                fields: [("purpose", purpose)], filename: DocumentName.filename(forPath: document), sha256: sha256)
        }

        /// Our files cannot be told from others, so a similar one that is not older than a few minutes leaves doubt;
        /// the tolerance covers a server clock that differs.
        private func upload(
            _ body: Call.Body, of document: String, size: Int, timeout: Duration, unless look: Look?
        ) async throws -> File {
            let begin = Int(Date().timeIntervalSince1970) - Self.clockTolerance
            let name = DocumentName.filename(forPath: document)
            let call = Call("upload the document", .post, path, body: body, timeout: max(timeout, endpoint.timeout))
            return try await endpoint.create(call) {
                if let look { return try await look() }
                let isInDoubt = try await list().contains {
                    $0.filename == name && $0.size == size && $0.createdAt >= begin
                }
                if isInDoubt { throw InDoubt() }
                return nil
            }
        }

        /// In seconds.
        private static let clockTolerance = 300

        /// Deletes a file; a missing one is no error. The passages that were ingested from it stay in their stores.
        package func delete(_ id: String) async throws {
            try await endpoint.deleteIfPresent(Call("delete the file", .delete, place(of: id)))
        }

        /// Whether a file of this id exists.
        package func has(_ id: String) async throws -> Bool {
            do {
                _ = try await endpoint.send(Call("look for the file", .get, place(of: id)))
                return true
            } catch let error as WireError where error.isAbsence {
                return false
            }
        }

        /// The SHA-256 of the uploaded bytes, which are streamed; nil when the file is gone.
        package func digest(of id: String) async throws -> String? {
            do {
                return try await endpoint.download(Call("download the file", .get, "\(place(of: id))/content")) {
                    chunks in
                    var digest = StreamingDigest()
                    try await chunks.forEach { digest.update($0) }
                    return digest.hexadecimal
                }
            } catch let error as WireError where error.isAbsence {
                return nil
            }
        }

        private func place(of file: String) -> String {
            "\(path)/\(PercentEncoding.segment(file))"
        }
    }

    /// A file as the server shows it.
    package struct File: Sendable, Hashable, Identifiable, Decodable {
        package let id: String
        /// As the server stores it.
        package let filename: String
        /// In bytes.
        package let size: Int
        /// In seconds since 1970.
        package let createdAt: Int

        /// The document path that it was uploaded for, or its name when it was not uploaded by us.
        package var path: String {
            DocumentName.path(ofFilename: filename)
        }

        private enum CodingKeys: String, CodingKey {
            case id, filename
            case size = "bytes"
            case createdAt = "created_at"
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            filename = try fields.decodeIfPresent(String.self, forKey: .filename) ?? ""
            size = try fields.decodeIfPresent(Int.self, forKey: .size) ?? 0
            createdAt = try fields.decodeIfPresent(Int.self, forKey: .createdAt) ?? 0
        }
    }
}
