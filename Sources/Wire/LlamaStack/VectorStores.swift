package import Language

extension LlamaStack {
    package var vectorStores: VectorStores {
        VectorStores(endpoint: endpoint, path: "\(capabilities.openAIPrefix)/vector_stores")
    }

    /// `/v1/vector_stores`, 0.2 (under `/v1/openai/v1`) to OGX 1.5. Names are not unique; ids are assigned by the
    /// server.
    package struct VectorStores: Sendable {
        let endpoint: Endpoint
        let path: String

        /// The fields of a new vector store.
        package struct Draft: Sendable, Hashable {
            package var name: String
            package var metadata: [String: String]
            /// nil for the server's choice.
            package var embeddingModel: String?
            package var embeddingDimension: Int?
            package var provider: String?
            /// Days after the last use; nil for never.
            package var expiresAfterDays: Int?

            package init(
                name: String, metadata: [String: String] = [:], embeddingModel: String? = nil,
                embeddingDimension: Int? = nil, provider: String? = nil, expiresAfterDays: Int? = nil
            ) {
                self.name = name
                self.metadata = metadata
                self.embeddingModel = embeddingModel
                self.embeddingDimension = embeddingDimension
                self.provider = provider
                self.expiresAfterDays = expiresAfterDays
            }
        }

        /// All vector stores, oldest first.
        package func list() async throws -> [VectorStore] {
            try await endpoint.pages(
                of: Call("list the vector stores", .get, path, query: [("order", "asc")]), limit: 100
            )
        }

        /// Creates a store. Repeated only when there is no empty store with its name and its metadata, which identify
        /// the owner: otherwise there might be two.
        package func create(_ draft: Draft) async throws -> VectorStore {
            var body: [String: Value] = ["name": .string(draft.name), "metadata": .strings(draft.metadata)]
            body["embedding_model"] = draft.embeddingModel.map(Value.string)
            body["embedding_dimension"] = draft.embeddingDimension.map(Value.integer)
            body["provider_id"] = draft.provider.map(Value.string)
            body["expires_after"] = draft.expiresAfterDays.map(Self.expiry)
            return try await endpoint.create(Call("create the vector store", .post, path, body: .json(.object(body)))) {
                guard !draft.metadata.isEmpty else { throw InDoubt() }
                return try await list().last { $0.isLike(draft) }
            }
        }

        /// Changes the given fields. The metadata replaces everything, including the server's own keys, without which
        /// it can ingest nothing: merge the wanted keys into the live metadata.
        package func update(
            _ id: String, name: String? = nil, metadata: [String: Value]? = nil, expiresAfterDays: Int? = nil
        ) async throws -> VectorStore {
            var body: [String: Value] = [:]
            body["name"] = name.map(Value.string)
            body["metadata"] = metadata.map(Value.object)
            body["expires_after"] = expiresAfterDays.map(Self.expiry)
            return try await endpoint.decode(
                Call(
                    "update the vector store", .post, "\(path)/\(PercentEncoding.segment(id))",
                    body: .json(.object(body)), isRepeatable: true
                )
            )
        }

        /// Deletes a store; a missing one is no error.
        package func delete(_ id: String) async throws {
            try await endpoint.deleteIfPresent(
                Call("delete the vector store", .delete, "\(path)/\(PercentEncoding.segment(id))")
            )
        }

        /// Searches the passages whose attribute has one of some values.
        /// - Returns: The attributes of the results, best first.
        package func search(
            _ id: String, for query: String, where key: String, isOneOf values: [String], atMost limit: Int
        ) async throws -> [[String: Value]] {
            let equal = values.map { ["type": "eq", "key": .string(key), "value": .string($0)] as Value }
            // Every version knows `or`; `in` came later.
            let filter: Value = equal.count == 1 ? equal[0] : ["type": "or", "filters": .array(equal)]
            let body: Value = ["query": .string(query), "max_num_results": .integer(limit), "filters": filter]
            let found = try await endpoint.decode(
                Call(
                    "search the vector store", .post, "\(path)/\(PercentEncoding.segment(id))/search",
                    body: .json(body), isRepeatable: true), as: Found.self)
            return found.data.map { $0.attributes ?? [:] }
        }

        private struct Found: Decodable {
            struct Passage: Decodable {
                let attributes: [String: Value]?
            }

            let data: [Passage]
        }

        private static func expiry(_ days: Int) -> Value {
            ["anchor": "last_active_at", "days": .integer(days)]
        }
    }

    /// A vector store as the server shows it.
    package struct VectorStore: Sendable, Hashable, Identifiable, Decodable {
        /// How many files it has, whatever their state.
        package struct FileCounts: Sendable, Hashable, Decodable {
            package let total: Int
        }

        package let id: String
        /// Empty when it has none.
        package let name: String
        /// Including the server's own keys: `provider_id`, `provider_vector_store_id`, `embedding_model`, ….
        package let metadata: [String: Value]
        /// In seconds since 1970.
        package let createdAt: Int
        package let fileCounts: FileCounts?
        /// After the last use; nil for never.
        package let expiresAfterDays: Int?

        private struct Expiry: Decodable {
            let days: Int?
        }

        /// A store that does not exist, or no longer.
        package init(absent name: String) {
            self.name = name
            (id, metadata, createdAt, fileCounts, expiresAfterDays) = ("", [:], 0, nil, nil)
        }

        private enum CodingKeys: String, CodingKey {
            case id, name, metadata
            case createdAt = "created_at"
            case fileCounts = "file_counts"
            case expiresAfter = "expires_after"
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            name = try fields.decodeIfPresent(String.self, forKey: .name) ?? ""
            metadata = try fields.decodeIfPresent([String: Value].self, forKey: .metadata) ?? [:]
            createdAt = try fields.decodeIfPresent(Int.self, forKey: .createdAt) ?? 0
            fileCounts = try fields.decodeIfPresent(FileCounts.self, forKey: .fileCounts)
            expiresAfterDays = try fields.decodeIfPresent(Expiry.self, forKey: .expiresAfter)?.days
        }
    }
}

extension LlamaStack.VectorStore {
    /// Whether a draft may just have created it.
    fileprivate func isLike(_ draft: LlamaStack.VectorStores.Draft) -> Bool {
        name == draft.name && fileCounts?.total ?? 0 == 0
            && draft.metadata.allSatisfy { metadata[$0.key]?.string == $0.value }
    }
}

extension Value {
    /// An object of strings.
    static func strings(_ strings: [String: String]) -> Value {
        .object(strings.mapValues(Value.string))
    }
}

extension Endpoint {
    /// Sends a deletion; a missing object is no error.
    func deleteIfPresent(_ call: Call) async throws {
        do {
            _ = try await send(call)
        } catch let error as WireError where error.isAbsence {
            return
        }
    }
}
