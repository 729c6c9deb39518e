package import Engine
package import Language
import Wire

/// Tries what a plan takes on trust, changing nothing: that MCP servers list their tools, that embedding models embed as
/// the spec says, and that what carries out functions is there.
package struct Trials: Sendable {
    let workflow: Workflow
    let servers: Servers
    /// The tokens of MCP servers, by the name of their variable.
    let tokens: [String: Secret]
    private let searchPath: String

    /// - Parameter searchPath: the folders of programs, as `PATH` lists them.
    package init(_ workflow: Workflow, on servers: Servers, tokens: [String: Secret], searchPath: String) {
        self.workflow = workflow
        self.servers = servers
        self.tokens = tokens
        self.searchPath = searchPath
    }

    /// One finding for each thing that can be tried, in no order; all are tried at the same time.
    package func findings() async throws -> [Finding] {
        try await withThrowingTaskGroup(of: Finding?.self) { group in
            for (declaration, tool) in workflow.specs(of: ToolSpec.self) {
                group.addTask {
                    try await Self.finding(about: declaration) {
                        if let mcp = tool.mcp { return try await tools(of: mcp, declaration) }
                        guard let function = tool.function else { return nil }
                        return try await handler(of: function)
                    }
                }
            }
            for (declaration, store) in workflow.specs(of: VectorStoreSpec.self) {
                guard let server = servers.llamaStack else { continue }
                group.addTask {
                    try await Self.finding(about: declaration) {
                        try await embedding(store, declaration, on: server)
                    }
                }
            }
            return try await group.reduce(into: []) { findings, finding in finding.map { findings.append($0) } }
        }
    }

    static func finding(
        about declaration: Declaration, _ look: () async throws -> Finding.Verdict?
    ) async throws -> Finding? {
        do {
            return try await look().map { Finding(declaration.address, $0) }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let problem = Diagnostic.from(error, at: declaration.address).locating(declaration)
            return Finding(declaration.address, problem.cause.isIgnorance ? .unknown(problem) : .unmet(problem))
        }
    }
}

/// MCP servers.
extension Trials {
    /// Whether the tools that are allowed are among those that the MCP server lists.
    func tools(of mcp: MCPSpec, _ declaration: Declaration) async throws -> Finding.Verdict? {
        guard let (place, range, names) = try await listing(mcp) else { return nil }
        guard !names.isEmpty else { throw Diagnostic.noTools(declaration.address, place, range) }
        let missing = (mcp.allow ?? []).filter { !names.contains($0) }
        guard missing.isEmpty else {
            throw Diagnostic.unlistedTools(missing, declaration.address, place, names, range)
        }
        return .met("\(place) lists \((mcp.allow ?? names).sorted().listed)")
    }

    private func listing(_ mcp: MCPSpec) async throws -> (place: String, range: SourceRange, names: [String])? {
        if let connector = mcp.connector {
            guard let server = servers.llamaStack, server.capabilities.offers(.connectors) else { return nil }
            let names = try await server.tools(ofConnector: connector.value)
            return ("the connector `\(connector.value)`", connector.range, names)
        }
        guard let url = mcp.url else { return nil }
        var token: Secret?
        if case .environment(let name, _) = mcp.token?.value { token = tokens[name] }
        do {
            let server = MCPServer(url.value, token: token, transport: servers.transport)
            return ("`\(url.value)`", url.range, try await server.tools())
        } catch let error as WireError {
            throw Diagnostic.unreachableTools(url, error)
        }
    }
}

/// What carries out functions.
extension Trials {
    /// Whether the program can be run, or something answers at the address. What does not answer now may do so when it is
    /// called: that is a warning.
    private func handler(of function: FunctionSpec) async throws -> Finding.Verdict? {
        if let program = function.program {
            if let problem = program.problem(in: servers.folder, searchPath: searchPath) { throw problem }
            return .met("`\(program.command.value.first ?? "")` can be run")
        }
        guard let url = function.http?.url else { return nil }
        do {
            _ = try await servers.transport.send(HTTPRequest(.get, url.value, timeout: .seconds(5)))
            return .met("`\(url.value)` answers")
        } catch let failure as TransportFailure {
            return .limited(.silentFunction(url, failure))
        }
    }
}

/// Embedding models.
extension Trials {
    /// Whether the store's embedding model embeds, with vectors as long as the spec says.
    private func embedding(
        _ store: VectorStoreSpec, _ declaration: Declaration, on server: LlamaStack
    ) async throws -> Finding.Verdict? {
        let name = store.embeddingModel
        let declared = workflow[Address(ModelResource.kind, name.value)]?.spec as? ModelSpec
        let id = declared?.registeredID(server.capabilities.modelNaming) ?? name.value
        // A model that is not there yet, or never, is the plan's to tell.
        guard try await server.models.list().contains(where: { $0.id == id }) else { return nil }
        let length = try await server.dimension(ofVectorsOf: id)
        if let wanted = store.embeddingDimension ?? declared?.dimension, wanted != length {
            throw Diagnostic.otherDimension(id, wanted, length, name.range)
        }
        return .met("`\(id)` embeds with vectors of \(length) numbers")
    }
}

extension Diagnostic {
    fileprivate static func noTools(_ address: Address, _ place: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "no-tools", "A tool group without tools", detail: "\(place) lists no tools, so `\(address)` gives none.",
            fix: "Check the MCP server.", at: range, cause: .lacking)
    }

    fileprivate static func unlistedTools(
        _ missing: [String], _ address: Address, _ place: String, _ names: [String], _ range: SourceRange
    ) -> Diagnostic {
        let nearest = missing.count == 1 ? Suggestion.nearest(to: missing[0], among: names) : nil
        return Diagnostic(
            "unlisted-tools", "Tools that the MCP server does not list",
            detail: "`\(address)` allows \(missing.listed), and \(place) lists only "
                + "\(names.sorted().listed).",
            fix: nearest.map { "Did you mean `\($0)`?" } ?? "Correct `allow`, or the MCP server.", at: range,
            cause: .lacking)
    }

    fileprivate static func unreachableTools(_ url: Located<String>, _ error: WireError) -> Diagnostic {
        Diagnostic(
            "mcp-unreachable", "The MCP server cannot be asked from here",
            detail: "`\(url.value)` did not list its tools: \(error.message)"
                + (error.status.map { " (status \($0))" } ?? "") + ".",
            fix: "Check the address and the token. If only Llama Stack can reach it, look from there.", at: url.range,
            cause: .unavailable)
    }

    fileprivate static func silentFunction(_ url: Located<String>, _ failure: TransportFailure) -> Diagnostic {
        Diagnostic(
            "function-unreachable", "A function does not answer",
            detail: "Nothing answers at `\(url.value)`: \(failure.message). Calls of the function would fail now.",
            fix: "Start what carries it out before the agent is asked, or correct the address.", at: url.range,
            severity: .warning)
    }

    fileprivate static func otherDimension(
        _ model: String, _ wanted: Int, _ length: Int, _ range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "embedding-dimension", "Vectors of another length",
            detail:
                "The spec says that `\(model)` has vectors of \(wanted) numbers; it embedded a word with \(length).",
            fix: "Write \(length).", at: range, cause: .lacking)
    }
}
