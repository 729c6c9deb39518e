package import Engine
package import Language

extension Probes {
    /// What an apply should say of the MCP servers that its changed agents call, and those agents that are kept nowhere,
    /// of which nobody knows whether they changed: nobody else says that one lists no tools until an agent is asked.
    ///
    /// - Parameter made: the tool groups that the apply made, of which the server was asked. It is asked of no other: Llama
    ///   Stack 0.2 and 0.3 go on listing what the one listed that had the same id before.
    /// - Returns: warnings, in the order of the declarations: what cannot be asked from here may be reached from the server.
    package func silentTools(
        ofChanged changed: Set<Address>, without made: Set<Address> = []
    ) async throws -> [Diagnostic] {
        let fleeting = workflow.specs(of: AgentSpec.self).filter(\.1.log.isNowhere).map(\.0.address)
        let callers = changed.union(fleeting)
        let used = workflow.specs(of: ToolSpec.self).filter { declaration, tool in
            tool.mcp != nil && !made.contains(declaration.address)
                && !workflow.graph.dependents(of: declaration.address).isDisjoint(with: callers)
        }
        return try await Array(used).concurrentMap(limit: 8) { declaration, tool -> Diagnostic? in
            guard let mcp = tool.mcp else { return nil }
            var problem = try await Self.finding(about: declaration) { try await context.tools(of: mcp, declaration) }?
                .diagnostic
            problem?.severity = .warning
            return problem
        }.compactMap(\.self)
    }
}
