package import Language
package import Wire

/// A file of the fake.
package struct FakeFile: Sendable, Hashable {
    package var id: String
    package var filename: String
    package var bytes: [UInt8]
}

/// A vector store of the fake.
package struct FakeStore: Sendable, Hashable {
    package var id: String
    package var name: String
    package var metadata: [String: Value]
    package var expiresAfter: Value
    package var attachments: [FakeAttachment]
}

/// A file in a vector store of the fake.
package struct FakeAttachment: Sendable, Hashable {
    package var file: String
    package var status: String
    package var attributes: [String: Value]
    package var chunking: Value
    package var text: String
}

/// A thing that is registered with the fake, or an agent of its own.
package struct FakeRegistration: Sendable, Hashable {
    package var id: String
    package var value: Value
}

extension FakeOGX {
    /// The models that are offered, those of the configuration first.
    package var models: [FakeRegistration] {
        state.models.map { FakeRegistration(id: $0.id, value: .object($0.value)) }
    }

    /// In the order of registering.
    package var shields: [FakeRegistration] {
        state.shields.map { FakeRegistration(id: $0.id, value: .object($0.value)) }
    }

    /// In the order of registering.
    package var toolGroups: [FakeRegistration] {
        state.toolGroups.map { FakeRegistration(id: $0.id, value: .object($0.value)) }
    }

    /// The server's own agents, in the order of making.
    package var agents: [FakeRegistration] {
        state.agents.map { FakeRegistration(id: $0.id, value: .object($0.value)) }
    }

    /// What the server holds, oldest first.
    package var files: [FakeFile] {
        state.files.map { id, file in
            FakeFile(id: id, filename: file.value["filename"]?.string ?? "", bytes: file.bytes)
        }
    }

    /// What the server holds, oldest first.
    package var stores: [FakeStore] {
        state.stores.map { id, store in
            FakeStore(
                id: id, name: store.value["name"]?.string ?? "", metadata: store.value["metadata"]?.object ?? [:],
                expiresAfter: store.value["expires_after"] ?? .null,
                attachments: store.files.map { file, value, text, _, _ in
                    FakeAttachment(
                        file: file, status: value["status"]?.string ?? "",
                        attributes: value["attributes"]?.object ?? [:],
                        chunking: value["chunking_strategy"] ?? .null, text: text)
                })
        }
    }

    /// Gives an attachment another status, as a server does that is still at work or was stopped in it.
    package func setStatus(_ status: String, ofFile file: String, inStore store: String) {
        change { state in
            guard let index = state.stores.firstIndex(where: { $0.id == store }),
                let place = state.stores[index].store.files.firstIndex(where: { $0.id == file })
            else { return }
            state.stores[index].store.files[place].value["status"] = .string(status)
        }
    }
}

extension FakeOGX {
    /// Leaves a store with a name and nothing else, as 0.2 does when it refuses to make one.
    package func leaveStore(named name: String) {
        let body = #"{"name": "\#(name)", "embedding_model": "embed"}"#
        let request = HTTPRequest(
            .post, "http://ogx\(version.openAIPrefix)/vector_stores", body: Array(body.utf8))
        guard let exchange = try? FakeExchange(request) else { return }  // Only a file in it could be unreadable.
        change { _ = $0.reply(to: exchange, model: echo) }
    }

    /// Loses what can be found of a file, as a restart does with what faiss had not written last; it stays listed.
    package func losePassages(ofFile file: String, inStore store: String) {
        change { state in
            guard let index = state.stores.firstIndex(where: { $0.id == store }),
                let place = state.stores[index].store.files.firstIndex(where: { $0.id == file })
            else { return }
            state.stores[index].store.files[place].text = ""
        }
    }

    /// Carries a request out whose answer nobody waits for any more.
    package func takeIn(_ request: HTTPRequest) {
        guard let exchange = try? FakeExchange(request) else { return }  // Only a file in it could be unreadable.
        change { _ = $0.reply(to: exchange, model: echo) }
    }

    /// Attaches a file a second time beside the first, as OGX does that is asked again while it takes it in: another
    /// document may be found no more.
    package func attachTwice(file: String, inStore store: String) {
        change { state in
            guard let index = state.stores.firstIndex(where: { $0.id == store }),
                let attached = state.stores[index].store.files.first(where: { $0.id == file })
            else { return }
            state.stores[index].store.files.append(attached)
        }
    }

    /// Deletes a store, a file or an attachment, as somebody else might.
    package func remove(store: String? = nil, file: String? = nil) {
        change { state in
            state.stores.removeAll { $0.id == store }
            state.files.removeAll { $0.id == file }
        }
    }

    /// Deletes every agent of the server, as somebody else might.
    package func removeAgents() {
        change { $0.agents = [] }
    }
}
