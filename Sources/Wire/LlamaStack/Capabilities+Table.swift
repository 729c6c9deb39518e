/// The generation table, for people.
extension Capabilities {
    /// Something that some generations offer and others do not.
    package struct Row: Sendable, Hashable {
        package let name: String
        package let isOffered: Bool
        /// Which versions offer it.
        package let versions: String
    }

    package var table: [Row] {
        [
            Row(name: "the Responses API", isOffered: hasResponses, versions: "Llama Stack since 0.2.20 and OGX"),
            Row(name: "agents of the server's own", isOffered: hasAgents, versions: "Llama Stack 0.2 and 0.3"),
            Row(name: "vector stores", isOffered: hasVectorStores, versions: "Llama Stack since 0.2.20 and OGX"),
            Row(name: "registering models", isOffered: registersModels, versions: "Llama Stack 0.2 to 0.6"),
            Row(name: "shields", isOffered: hasShields, versions: "Llama Stack 0.2 to 0.7"),
            Row(name: "tool groups", isOffered: hasToolGroups, versions: "Llama Stack 0.2 to 0.6"),
            Row(
                name: "connectors to MCP servers", isOffered: connectorsPath != nil,
                versions: "Llama Stack 0.7 and OGX"),
        ]
    }
}

extension Capabilities.Generation {
    /// The versions that it takes together; nil where the product's name says it.
    package var title: String? {
        switch self {
        case .v02: "0.2"
        case .v03: "0.3"
        case .v04: "0.4 to 0.6"
        case .v07: "0.7"
        case .ogx: nil
        }
    }
}
