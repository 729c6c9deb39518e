import Language

/// Whether a server takes changes from us, as far as can be told without changing anything: something is asked for that
/// can only be refused, and what it is refused for tells.
extension LlamaStack {
    /// Asks to give a vector store that is not there a name that is none: what is refused by the form of the request costs the
    /// server nothing, while OGX rests for seconds after an error of its own.
    /// - Throws: `WireError` when the server cannot be asked, or does not let us change anything (401, 403).
    package func checkWritePermission() async throws {
        let call = Call(
            "ask to change something", .post, "\(capabilities.openAIPrefix)/vector_stores/vs_drover-doctor",
            body: .json(["name": ["drover-doctor"]]), isRepeatable: true)
        try await endpoint.checkWritePermission(call)
    }
}

extension MLflowServer {
    /// Asks to create an experiment without a name.
    /// - Throws: `WireError` when the server cannot be asked, or does not let us change anything (401, 403).
    package func checkWritePermission() async throws {
        try await endpoint.checkWritePermission(
            Self.post("ask to change something", "experiments/create", [:], isRepeatable: true))
    }
}

extension Endpoint {
    fileprivate func checkWritePermission(_ call: Call) async throws {
        do {
            _ = try await send(call)
        } catch let error as WireError {
            // A refusal for what was asked means that asking is allowed.
            guard let status = error.status, (400..<500).contains(status), ![401, 403, 408, 429].contains(status)
            else { throw error }
        }
    }
}
