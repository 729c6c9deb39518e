import Language

extension ToolDefinition {
    /// The parameter of an agent that is asked as a tool.
    static let question = "question"

    /// The function that is offered to the model for a tool that the caller executes; nil for the server's own tools.
    ///
    /// A function is offered as declared; an agent as a function with its description and a text argument, `question`.
    package var offered: Function? {
        if let function { return function }
        guard let agent else { return nil }
        return Function(
            description: agent.description ?? "Asks the agent `\(agent.name)`.",
            parameters: [
                "type": "object", "required": [.string(Self.question)],
                "properties": [
                    Self.question: [
                        "type": "string", "description": "The whole question: the agent knows nothing else of this.",
                    ]
                ],
            ]
        )
    }
}
