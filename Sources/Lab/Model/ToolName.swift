/// What servers call their tools.
enum ToolName {
    /// The file search: Llama Stack called it `knowledge_search` until 0.6.
    private static let fileSearch: Set<String> = ["file_search", "knowledge_search"]

    static func isFileSearch(_ name: String) -> Bool {
        fileSearch.contains(name)
    }

    /// Whether a script that says one name means a tool of the other: a file search goes by all of its names, so that a
    /// script fits every generation.
    static func isSame(_ scripted: String, _ name: String) -> Bool {
        scripted == name || (isFileSearch(scripted) && isFileSearch(name))
    }
}
