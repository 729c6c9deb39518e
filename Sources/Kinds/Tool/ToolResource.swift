package import Engine
package import Language
import Runtime

/// Tools that travel inside an agent's definition and live nowhere else: they never appear in a plan.
package struct ToolResource: Resource {
    package static let kind = "tools"
    package typealias Live = Never

    /// What a tool is for an agent.
    package struct Desired: Sendable {
        var definition: Value
    }

    package init() {}

    package func desired(
        _ spec: ToolSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        var unknown: Set<String> = []
        let definition: ToolDefinition
        if let search = spec.fileSearch {
            let ids = search.vectorStores.compactMap { store in
                outputs.value("id", of: Address(VectorStoreResource.kind, store.value))?.string
            }
            if ids.count < search.vectorStores.count { unknown.insert("vectorStores") }
            definition = ToolDefinition(
                name: address.name,
                fileSearch: .init(
                    vectorStores: ids, maxResults: search.maxResults, minScore: search.minScore,
                    filters: search.filters))
        } else if let mcp = spec.mcp {
            definition = ToolDefinition(name: address.name, mcp: try mcp.definition())
        } else {
            // An awaited type: nothing that is applied can use it.
            return Wanted(Desired(definition: .null))
        }
        return Wanted(Desired(definition: try Value(encoding: definition)), unknown: unknown)
    }

    package func inlineOutputs(of desired: Desired) -> [String: Value]? {
        ["definition": desired.definition]
    }
}

extension MCPSpec {
    /// - Throws: `Diagnostic` when the token is in a file: a version that runs elsewhere needs a variable's name.
    fileprivate func definition() throws(Diagnostic) -> ToolDefinition.MCP {
        var tokenEnvironment: String?
        switch token?.value {
        case .environment(let name, _): tokenEnvironment = name
        case .file: throw .tokenFile(token?.range)
        case nil: break
        }
        return ToolDefinition.MCP(
            url: url?.value ?? "", tokenEnvironment: tokenEnvironment, headers: headers.isEmpty ? nil : headers,
            allow: allow,
            requireApproval: requireApproval)
    }
}

extension Diagnostic {
    fileprivate static func tokenFile(_ range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "token-in-file", "Token that a logged agent could not find",
            detail: "An agent is logged to run elsewhere, where only the name of an environment variable can lead it "
                + "to the token.",
            fix: "Use `token: {env: NAME}`.", at: range)
    }
}
