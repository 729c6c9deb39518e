import Language

/// Checks whether a server accepts changes from this client, without changing anything: it sends a request that can
/// only be rejected, and looks at the reason.
extension LlamaStack {
    /// Sends an update of a vector store that does not exist, with an invalid name: a request that is rejected for its
    /// form costs the server nothing, whereas OGX pauses for seconds after an internal error.
    /// - Throws: `WireError` when the server cannot be asked, or denies changes (401, 403).
    package func checkWritePermission() async throws {
        let call = Call(
            "ask to change something", .post, "\(capabilities.openAIPrefix)/vector_stores/vs_drover-doctor",
            body: .json(["name": ["drover-doctor"]]), isRepeatable: true)
        try await endpoint.checkWritePermission(call)
    }
}

extension MLflowServer {
    /// Sends the creation of an experiment without a name.
    /// - Throws: `WireError` when the server cannot be asked, or denies changes (401, 403).
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
            // A rejection of the content means that the request as such is allowed.
            guard let status = error.status, (400..<500).contains(status), ![401, 403, 408, 429].contains(status)
            else { throw error }
        }
    }
}
