package import Language
import Runtime

/// `calledTool: {name: ticket_create, arguments: {order: "4411"}}`, or only the name: a tool that the turn called.
///
/// The name is the tool's own (`ticket_create`) or the declared one that offers it (`tickets`). Arguments are a subset.
package struct CallsTool: Assertion, SpecDecodable {
    package static let key = Key(
        "calledTool",
        .either([Reading.someText.map { name, _, _ in CallsTool(name) }, .object(CallsTool.self)], expected: "a tool"),
        example: "{name: ticket_create, arguments: {order: \"4411\"}}", "A tool that the agent called.")

    private static let name = Key(
        "name", .someText, required: true, example: "ticket_create",
        "The tool's own name, or the name of the declared tool that offers it.")
    private static let arguments = Key("arguments", .map, "Arguments that the call has, among others.")
    private static let argumentsSchema = Key(
        "argumentsSchema", .jsonSchema, example: "{required: [order]}",
        "A JSON schema (2020-12) that all its arguments fit.")
    private static let times = Key(
        "times", .integer(minimum: 0), default: "at least once", "How many such calls there are, exactly.")
    private static let after = Key("after", .someText, "A tool that was called before.")
    package static let noun = "a `calledTool`"
    package static let fields = [name.field, arguments.field, argumentsSchema.field, times.field, after.field]

    let name: String
    let arguments: Value?
    let schema: JSONSchema?
    let times: Int?
    let after: String?

    init(_ name: String, arguments: Value? = nil, times: Int? = nil, after: String? = nil) {
        self.name = name
        self.arguments = arguments
        schema = nil
        self.times = times
        self.after = after
    }

    package init(from fields: inout Fields) {
        name = fields.require(Self.name, else: "")
        arguments = fields.read(Self.arguments)
        schema = fields.read(Self.argumentsSchema)
        times = fields.read(Self.times)
        after = fields.read(Self.after)
    }

    package var claim: String { "has a call of \(wanted)" }

    package var mayTakeLong: Bool { true }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let calls = observation.calls
        var count = 0
        for call in candidates(calls) where try fits(call) { count += 1 }
        var misfits: [String] = []
        for call in calls where call.isNamed(name) { misfits += try schema?.problems(in: call.arguments) ?? [] }
        return .passing(times.map { count == $0 } ?? (count > 0), else: mismatch(calls, count, misfits: misfits))
    }

    private func candidates(_ calls: [Answer.ToolCall]) -> ArraySlice<Answer.ToolCall> {
        guard let after else { return calls[...] }
        guard let first = calls.firstIndex(where: { $0.isNamed(after) }) else { return [] }
        return calls[(first + 1)...]
    }

    private func fits(_ call: Answer.ToolCall) throws(Unobservable) -> Bool {
        guard call.isNamed(name), arguments.map({ call.arguments.contains(subset: $0) }) ?? true else { return false }
        return try schema?.problems(in: call.arguments).isEmpty ?? true
    }

    private var wanted: String {
        let parts = [
            "`\(name)`", arguments.map { "with \($0.canonicalJSON)" },
            schema.map { "with arguments that fit \($0.root.canonicalJSON.excerpt(80))" },
            after.map { "after `\($0)`" },
            times.map { "exactly \($0) time\($0 == 1 ? "" : "s")" },
        ]
        return parts.compactMap { $0 }.joined(separator: " ")
    }

    private func mismatch(_ calls: [Answer.ToolCall], _ count: Int, misfits: [String]) -> Mismatch {
        let reason =
            if !calls.contains(where: { $0.isNamed(name) }) {
                "The agent did not call `\(name)`."
            } else if times != nil {
                "The agent called \(arguments == nil && schema == nil ? "`\(name)`" : "`\(name)` with these arguments") \(count) time\(count == 1 ? "" : "s")."
            } else if let after, !calls.contains(where: { $0.isNamed(after) }) {
                "The agent called `\(name)`, and not `\(after)` before it."
            } else if let after {
                "The agent did not call `\(name)` like this after `\(after)`."
            } else {
                "The agent called `\(name)` with other arguments\(misfits.isEmpty ? "." : ": \(misfits.summary)")"
            }
        return Mismatch(reason, expected: wanted, actual: calls.summary)
    }
}

extension Answer.ToolCall {
    /// Whether a name in a spec refers to this call: by the tool's own name, or by the declared tool that offers it.
    func isNamed(_ wanted: String) -> Bool {
        name == wanted || tool == wanted
    }
}

extension [Answer.ToolCall] {
    /// The calls, for messages: `search {"query":"refund"}, ticket_create {}`.
    var summary: String {
        isEmpty ? "no tool calls" : map { "\($0.name) \($0.arguments.canonicalJSON)" }.joined(separator: ", ")
    }
}
