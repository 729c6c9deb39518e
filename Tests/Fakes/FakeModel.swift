package import Language

/// What a fake model is asked: one model call.
package struct FakeQuestion: Sendable {
    package var instructions: String
    /// What was said in earlier turns, oldest first.
    package var history: [String]
    package var input: String
    /// The names of the tools that may be called; `file_search` is one of them.
    package var tools: [String]
    /// What the tools called in this turn answered so far.
    package var results: [String]
}

/// What a fake model does with a question.
package enum FakeMove: Sendable {
    case say(String)
    case call(String, Value)
}

/// A model without weights.
package typealias FakeModel = @Sendable (FakeQuestion) -> FakeMove

/// A tool of a fake MCP server.
package struct FakeTool: Sendable {
    package var name: String
    /// Takes the arguments; what it throws is the call's error.
    package var run: @Sendable (Value) throws -> String

    package init(_ name: String, run: @escaping @Sendable (Value) throws -> String) {
        self.name = name
        self.run = run
    }
}

/// Quotes the last tool's result; else calls the tool that the input names; else searches, where it can; else echoes.
package func echo(_ question: FakeQuestion) -> FakeMove {
    if let result = question.results.last { return .say("ANSWER based on tool result: \(result.prefix(200))") }
    if let tool = question.tools.first(where: { question.input.contains($0) }) {
        return .call(tool, ["text": .string(question.input)])
    }
    if question.tools.contains("file_search") { return .call("file_search", ["query": .string(question.input)]) }
    return .say("ANSWER[\(question.instructions.prefix(40))] to: \(question.input.prefix(80))")
}
