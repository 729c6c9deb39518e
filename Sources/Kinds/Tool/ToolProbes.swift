import Engine
import Language
import Wire

/// MCP servers.
extension ProbeContext {
    /// Whether the MCP server lists the allowed tools.
    func tools(of mcp: MCPSpec, _ declaration: Declaration) async throws -> Finding.Status? {
        let listed: (place: String, range: SourceRange, names: [String])?
        do {
            listed = try await listing(mcp)
        } catch let unchecked as Unchecked {
            return .limited(unchecked.warning)
        }
        guard let (place, range, names) = listed else { return nil }
        guard !names.isEmpty else { throw Diagnostic.noTools(declaration.address, place, range) }
        let missing = (mcp.allow ?? []).filter { !names.contains($0) }
        guard missing.isEmpty else {
            throw Diagnostic.unlistedTools(missing, declaration.address, place, names, range)
        }
        return .met("\(place) lists \((mcp.allow ?? names).sorted().listed)")
    }

    private func headers(of mcp: MCPSpec) -> MCPServer.Headers {
        var headers = MCPServer.Headers(plain: mcp.headers.plain.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        if case .environment(let name, _) = mcp.token?.value { headers.token = tokens[name] }
        headers.secret = mcp.headers.variables.sorted { $0.key < $1.key }.compactMap { name, variable in
            tokens[variable].map { (name, $0) }
        }
        return headers
    }

    private func listing(_ mcp: MCPSpec) async throws -> (place: String, range: SourceRange, names: [String])? {
        if let connector = mcp.connector {
            guard let server = servers.llamaStack, server.capabilities.offers(.connectors) else { return nil }
            let what = "the connector `\(connector.value)` gives what `allow` says"
            guard server.capabilities.listsConnectors else {
                throw Unchecked(connector: connector, whether: what, on: server.capabilities)
            }
            do {
                let names = try await server.tools(ofConnector: connector.value)
                return ("the connector `\(connector.value)`", connector.range, names)
            } catch let error as WireError {
                throw Unchecked(error, whether: what, at: connector.range, fix: Unchecked.firstTurnOnly) ?? error
            }
        }
        guard let url = mcp.url else { return nil }
        do {
            let server = MCPServer(url.value, sending: headers(of: mcp), transport: servers.transport)
            return ("`\(url.value)`", url.range, try await server.tools())
        } catch let error as WireError {
            throw Diagnostic.unreachableTools(url, error)
        }
    }
}

/// Handlers of functions.
extension ProbeContext {
    /// Whether the program can be run, or something answers at the address. What does not answer now may do so at the
    /// time of the call: that is a warning.
    func handler(of function: FunctionSpec) async throws -> Finding.Status? {
        if let program = function.program {
            if let problem = program.problem(in: servers.folder, searchPath: searchPath) { throw problem }
            return .met("`\(program.command.value.first ?? "")` can be run")
        }
        guard let url = function.http?.url else { return nil }
        do {
            let request = HTTPRequest(.get, url.value, timeout: .seconds(5))
            _ = try await FollowingTransport(servers.transport).send(request)
            return .met("`\(url.value)` answers")
        } catch let failure as TransportFailure {
            return .limited(.silentFunction(url, failure))
        }
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
            detail: "`\(url.value)` does not answer: \(failure.message). Calls of the function would fail now.",
            fix: "Start what carries it out before the agent is asked, or correct the address.", at: url.range,
            severity: .warning)
    }
}
