package import Engine
package import Language

extension Probes {
    /// The warnings of an apply about MCP servers that list no tools, for changed agents and for agents that are stored
    /// nowhere, of which it is unknown whether they changed: otherwise nothing would report it until an agent is asked.
    ///
    /// - Parameter made: the tool groups that the apply created, whose MCP server was asked through the server. That
    ///   server is not asked for others: Llama Stack 0.2 and 0.3 go on listing the tools of an earlier group with the
    ///   same id.
    /// - Returns: warnings, in the order of the declarations: what cannot be reached from here may be reached from the
    ///   server.
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
