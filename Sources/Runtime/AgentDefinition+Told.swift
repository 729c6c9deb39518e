extension AgentDefinition {
    /// The name of a tool in answers, and the declared tool that offers it.
    ///
    /// - Parameter name: as the server calls it: `knowledge_search`, `web_search`, a function's or an MCP tool's own
    ///   name.
    func told(_ name: String) -> (name: String, tool: String) {
        if name == AgentConfig.searchTool, let search = tools.first(where: \.isSearch) {
            return (search.name, search.name)
        }
        if ["web_search", "brave_search"].contains(name), let web = tools.first(where: { $0.builtin != nil }) {
            return (web.name, web.name)
        }
        if tools.contains(where: { $0.name == name && $0.offered != nil }) { return (name, name) }
        let groups = tools.filter { $0.mcp != nil || $0.toolGroup != nil }
        let allowing = groups.first { $0.mcp?.allow?.contains(name) == true }
        return (name, (allowing ?? groups.first { $0.mcp?.allow == nil })?.name ?? name)
    }
}

extension ToolDefinition {
    /// Whether it searches documents.
    fileprivate var isSearch: Bool {
        fileSearch != nil || toolGroup?.id == AgentConfig.searchGroup || toolGroup?.id == "builtin::rag"
    }
}
