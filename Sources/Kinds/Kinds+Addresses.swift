extension Kinds {
    /// The fields of a spec that hold web addresses of tools and documents, `*` for any key or item. Others of that name, in tags,
    /// attributes or the schema of a function, are asked by nobody.
    ///
    /// `isAskedHere` says whether drover asks it itself; an MCP server is asked by Llama Stack.
    package static let addressFields: [(path: [String], isAskedHere: Bool)] = [
        ([ToolResource.kind, "*", "mcp", "url"], false),
        ([ToolResource.kind, "*", "function", "http", "url"], true),
        ([VectorStoreResource.kind, "*", "documents", "*", "url"], true),
    ]
}
