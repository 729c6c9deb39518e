import Language

/// A Llama Stack or OGX server that answered as one, with what it can do and its route groups.
package struct LlamaStack: Sendable {
    package internal(set) var endpoint: Endpoint
    package let capabilities: Capabilities

    /// The same server for a caller that limits the time of its questions itself; see `Endpoint`.
    package var waitingWhenPutOff: LlamaStack {
        var server = self
        server.endpoint = endpoint.waitingWhenPutOff
        return server
    }

    /// Identifies the server with two requests.
    ///
    /// - Parameter endpoint: its base may end in `/v1`, as OpenAI clients want it.
    /// - Throws: `Diagnostic` when there is no server, it denies access, or something else answers.
    package static func connect(to endpoint: Endpoint) async throws -> LlamaStack {
        var endpoint = endpoint
        for suffix in ["/v1/openai/v1", "/v1"] where endpoint.base.hasSuffix(suffix) {
            endpoint.base.removeLast(suffix.count)
        }
        do {
            let version = try await endpoint.decode(Call("ask for the version", .get, "/v1/version"), as: Answer.self)
            let routes = try await endpoint.decode(Call("ask for the routes", .get, "/openapi.json"), as: Routes.self)
            guard let capabilities = Capabilities(version: version.version, routes: routes) else {
                throw unknownGeneration(version.version, endpoint.base)
            }
            guard capabilities.isPlausible else {
                throw notAsItsGeneration(capabilities, endpoint.base)
            }
            endpoint.service = capabilities.product
            return LlamaStack(endpoint: endpoint, capabilities: capabilities)
        } catch let error as WireError {
            throw error.isFromAnotherServer ? stranger(error) : error.diagnostic()
        }
    }

    private struct Answer: Decodable {
        let version: String
    }

    private static func unknownGeneration(_ version: String, _ base: String) -> Diagnostic {
        Diagnostic(
            "unknown-generation", "A version that drover does not know",
            detail: """
                The server at `\(base)` says that its version is `\(version)`. Drover knows Llama Stack from 0.2 on and OGX.
                """,
            fix: "Update the server, or check that the URL is the right one.", cause: .lacking
        )
    }

    private static func notAsItsGeneration(_ capabilities: Capabilities, _ base: String) -> Diagnostic {
        Diagnostic(
            "unknown-generation", "A server that answers like none that drover knows",
            detail: """
                The server at `\(base)` says that it is version \(capabilities.version), but its description at \
                `/openapi.json` has none of the routes of any Llama Stack or OGX server, such as models, chat completions, \
                responses, vector stores or agents.
                """,
            fix: "Check the host, the port and the path prefix in the server's URL.", cause: .lacking
        )
    }

    private static func stranger(_ error: WireError) -> Diagnostic {
        let said = error.message.isEmpty ? "" : ": \(error.message.prefix(200))"
        let status = error.status.map { "status \($0)" } ?? "no version"
        return Diagnostic(
            "not-llama-stack", "Something else answers there",
            detail: """
                `\(error.base)` is neither Llama Stack nor OGX: `\(error.method.rawValue) \(error.path)` answered with \
                \(status)\(said)
                """,
            fix: "Check the host, the port and the path prefix in the server's URL.",
            cause: .unavailable
        )
    }
}

extension WireError {
    /// Whether the response to a probe shows another kind of server.
    fileprivate var isFromAnotherServer: Bool {
        switch cause {
        case .unreadable: true
        case .status(let status): (300..<500).contains(status) && ![401, 403, 408, 429].contains(status)
        case .transport, .stream: false
        }
    }
}
