/// The names that servers give to their tools.
enum ToolName {
    /// The file search: Llama Stack called it `knowledge_search` until 0.6.
    private static let fileSearch: Set<String> = ["file_search", "knowledge_search"]

    static func isFileSearch(_ name: String) -> Bool {
        fileSearch.contains(name)
    }

    /// Whether a name in a script matches the name of a tool: all names of the file search match each other, so that a
    /// script works with every generation.
    static func isSame(_ scripted: String, _ name: String) -> Bool {
        scripted == name || (isFileSearch(scripted) && isFileSearch(name))
    }
}
