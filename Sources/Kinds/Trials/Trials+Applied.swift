package import Engine
package import Language
import Wire

extension Trials {
    /// What an apply should say of the MCP servers that its changed agents call: nobody else says that one lists no tools
    /// until an agent is asked. Those that are registered as tool groups were looked at when they were.
    ///
    /// - Returns: warnings, in the order of the declarations: what cannot be asked from here may be reached from the server.
    package func silentTools(ofChanged changed: Set<Address>) async throws -> [Diagnostic] {
        let groups = servers.llamaStack.map { ChosenRuntimes(workflow, on: $0.capabilities).toolGroups } ?? []
        let used = workflow.specs(of: ToolSpec.self).filter { declaration, tool in
            tool.mcp != nil && !groups.contains(declaration.address)
                && !workflow.graph.dependents(of: declaration.address).isDisjoint(with: changed)
        }
        return try await Array(used).concurrentMap(limit: 8) { declaration, tool -> Diagnostic? in
            guard let mcp = tool.mcp else { return nil }
            var problem = try await Self.finding(about: declaration) { try await tools(of: mcp, declaration) }?
                .diagnostic
            problem?.severity = .warning
            return problem
        }.compactMap(\.self)
    }
}
