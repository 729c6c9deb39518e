package import Language

extension LlamaStack {
    /// The files in one vector store.
    package func files(in store: String) -> VectorStoreFiles {
        VectorStoreFiles(
            endpoint: endpoint,
            path: "\(capabilities.openAIPrefix)/vector_stores/\(PercentEncoding.segment(store))/files")
    }

    /// `/v1/vector_stores/{id}/files`, 0.2 to OGX 1.5. An attachment has the id of its file.
    package struct VectorStoreFiles: Sendable {
        let endpoint: Endpoint
        let path: String

        /// All attachments, including failed ones, oldest first.
        package func list() async throws -> [VectorStoreFile] {
            let files: [VectorStoreFile] = try await endpoint.pages(
                of: Call("list the vector store's files", .get, path, query: [("order", "asc")]), limit: 100
            )
            return files.map { $0.cleared(of: endpoint.sent) }
        }

        package func get(_ file: String) async throws -> VectorStoreFile {
            let read: VectorStoreFile = try await endpoint.decode(
                Call("read the vector store's file", .get, place(of: file)))
            return read.cleared(of: endpoint.sent)
        }

        /// Attaches a file, and waits until it is ingested or has failed: check the `status` of the result.
        ///
        /// A file that is attached already stays unchanged, with its attributes and state: detach it first. Not
        /// repeated when it may have arrived, since 0.2 ingests it a second time, and so does OGX while the first
        /// attachment is not finished; only when the server said that it accepts no more for now (429), and does not
        /// list it.
        ///
        /// - Parameter timeout: for chunking and embedding the whole file; that of the endpoint, where it is longer.
        package func attach(
            _ file: String, attributes: [String: String] = [:], chunking: Chunking = .auto,
            timeout: Duration = .seconds(600)
        ) async throws -> VectorStoreFile {
            var body: [String: Value] = ["file_id": .string(file), "attributes": .strings(attributes)]
            body["chunking_strategy"] = chunking.value
            let call = Call(
                "attach the file to the vector store", .post, path, body: .json(.object(body)),
                timeout: max(timeout, endpoint.timeout))
            let attached: VectorStoreFile = try await endpoint.create(call, .afterLookIfRefused) {
                try await list().first { $0.id == file }
            }
            return attached.cleared(of: endpoint.sent)
        }

        /// Replaces the attributes in the list; the passages keep those of the attachment, by which searches filter.
        package func update(_ file: String, attributes: [String: String]) async throws {
            _ = try await endpoint.send(
                Call(
                    "update the vector store's file", .post, place(of: file),
                    body: .json(["attributes": .strings(attributes)]), isRepeatable: true))
        }

        /// Detaches a file from the store; a missing one is no error.
        package func detach(_ file: String) async throws {
            try await endpoint.deleteIfPresent(Call("detach the file", .delete, place(of: file)))
        }

        private func place(of file: String) -> String {
            "\(path)/\(PercentEncoding.segment(file))"
        }
    }

    /// How a file is split into passages; `auto` is 800 and 400 tokens.
    package enum Chunking: Sendable, Hashable {
        case auto
        case fixed(maxTokens: Int, overlap: Int)

        var value: Value? {
            guard case .fixed(let maxTokens, let overlap) = self else { return nil }
            let sizes: Value = [
                "max_chunk_size_tokens": .integer(maxTokens), "chunk_overlap_tokens": .integer(overlap),
            ]
            return ["type": "static", "static": sizes]
        }

        /// Reads what a server shows; since 0.4 it shows `auto` expanded.
        init(_ value: Value?) {
            let sizes = value?["static"]
            if let maxTokens = sizes?["max_chunk_size_tokens"]?.integer,
                let overlap = sizes?["chunk_overlap_tokens"]?.integer, (maxTokens, overlap) != (800, 400)
            {
                self = .fixed(maxTokens: maxTokens, overlap: overlap)
            } else {
                self = .auto
            }
        }
    }

    /// A file in a vector store as the server shows it.
    package struct VectorStoreFile: Sendable, Hashable, Identifiable, Decodable {
        package enum Status: String, Sendable, Hashable, Decodable {
            case completed, failed, cancelled
            case inProgress = "in_progress"
        }

        /// The id of the file.
        package let id: String
        package let status: Status
        /// Numbers come back as floating point.
        package let attributes: [String: Value]
        package let chunking: Chunking
        /// The server's reason for a failed ingestion; some servers report it only in the response to the attachment.
        package private(set) var lastError: String?
        /// In seconds since 1970.
        package let createdAt: Int

        private enum CodingKeys: String, CodingKey {
            case id, status, attributes
            case chunking = "chunking_strategy"
            case lastError = "last_error"
            case createdAt = "created_at"
        }

        private struct Failure: Decodable {
            let message: String?
        }

        /// The same, without sent secrets in the server's message.
        fileprivate func cleared(of sent: SentSecrets) -> VectorStoreFile {
            var file = self
            file.lastError = lastError.map { sent.cleared(message: $0) }
            return file
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            status = try fields.decode(Status.self, forKey: .status)
            attributes = try fields.decodeIfPresent([String: Value].self, forKey: .attributes) ?? [:]
            chunking = Chunking(try fields.decodeIfPresent(Value.self, forKey: .chunking))
            lastError = try fields.decodeIfPresent(Failure.self, forKey: .lastError)?.message
            createdAt = try fields.decodeIfPresent(Int.self, forKey: .createdAt) ?? 0
        }
    }
}
