package import Language

/// The script of the scripted model: rules, tried in order; the first that matches answers.
///
///     rules:
///       - when: {user: {icontains: refund}, offered: file_search}
///         call: {tool: file_search, arguments: {query: "${user}"}}
///       - when: {after: file_search}
///         say: ${best}
package struct Script: SpecDecodable {
    package static let noun = "a script of the lab's model"
    private static let rulesKey = Key(
        "rules", .list(.object(Rule.self)), required: true, "Rules, tried in order; the first that fits answers.")
    package static let fields = [rulesKey.field]

    let rules: [Rule]

    init(rules: [Rule]) {
        self.rules = rules
    }

    package init(from fields: inout Fields) {
        rules = fields.require(Self.rulesKey, else: [])
    }

    /// Decodes the content of a script's file; an empty file is a script without rules.
    static func decode(_ documents: [Node]) throws(Diagnostics) -> Script {
        var problems = Problems()
        var rules: [Rule] = []
        for document in documents {
            guard let script = Fields.decode(Script.self, from: document, &problems) else { continue }
            rules += script.rules
        }
        guard problems.diagnostics.isEmpty else { throw Diagnostics(problems.diagnostics) }
        return Script(rules: rules)
    }
}

/// One rule: when it matches, and what the model then does.
struct Rule: SpecDecodable {
    static let noun = "a rule"
    private static let whenKey = Key("when", .object(Condition.self), "When it answers; without it, always.")
    private static let timesKey = Key(
        "times", .integer(minimum: 1), "How many requests it answers before it is passed over; without it, all.")
    private static let sayKey = Key(
        "say", .scriptText, example: "Ticket ${result.json.ticketId} is open.", "Text to answer with.")
    private static let refuseKey = Key(
        "refuse", .scriptText, example: "I cannot help with that.", "Text that declines to answer, marked as a refusal."
    )
    private static let callKey = Key("call", .object(ScriptCall.self), "A tool to call.")
    private static let failKey = Key("fail", .object(ScriptFailure.self), "An HTTP error to answer with.")
    private static let delayKey = Key("delay", .duration, default: "0s", "How long the model thinks first.")
    private static let tokensKey = Key("tokens", .object(ScriptTokens.self), "Token counts to report.")
    static let fields = [
        whenKey.field, timesKey.field, sayKey.field, refuseKey.field, callKey.field, failKey.field, delayKey.field,
        tokensKey.field,
    ]
    static let rules = [FieldRule.exactlyOne(["say", "refuse", "call", "fail"])]

    enum Act: Sendable {
        case say(ScriptText)
        case refuse(ScriptText)
        case call(ScriptCall)
        case fail(ScriptFailure)
    }

    let when: Condition
    let times: Int?
    let act: Act
    let delay: Duration
    let tokens: ScriptTokens?

    init(from fields: inout Fields) {
        when = fields.read(Self.whenKey) ?? Condition()
        times = fields.read(Self.timesKey)
        delay = fields.read(Self.delayKey) ?? .zero
        tokens = fields.read(Self.tokensKey)
        let call = fields.read(Self.callKey)
        let fail = fields.read(Self.failKey)
        let say = fields.read(Self.sayKey)
        let refuse = fields.read(Self.refuseKey)
        let others: Act? = fail.map { .fail($0) } ?? refuse.map { .refuse($0) }
        act = call.map { .call($0) } ?? others ?? .say(say ?? ScriptText(parts: []))
    }
}

/// `{tool: ticket_create, arguments: {order: "${user.1}"}}`
struct ScriptCall: SpecDecodable {
    static let noun = "a tool call"
    private static let toolKey = Key("tool", .someText, required: true, "Name of the tool.")
    private static let argumentsKey = Key("arguments", .scriptData, default: "{}", "Its arguments.")
    static let fields = [toolKey.field, argumentsKey.field]

    let tool: String
    let arguments: ScriptData

    init(from fields: inout Fields) {
        tool = fields.require(Self.toolKey, else: "")
        arguments = fields.read(Self.argumentsKey) ?? .map([:])
    }
}

/// `{status: 503, message: Overloaded}`
struct ScriptFailure: SpecDecodable {
    static let noun = "a failure"
    private static let statusKey = Key("status", .integer(minimum: 400, maximum: 599), required: true, "HTTP status.")
    private static let messageKey = Key("message", .text, default: "Scripted failure", "What the error says.")
    static let fields = [statusKey.field, messageKey.field]

    let status: Int
    let message: String

    init(from fields: inout Fields) {
        status = fields.require(Self.statusKey, else: 500)
        message = fields.read(Self.messageKey) ?? "Scripted failure"
    }
}

/// `{input: 100, output: 20}`
struct ScriptTokens: SpecDecodable {
    static let noun = "token counts"
    private static let inputKey = Key("input", .integer(minimum: 0), "Tokens of the question.")
    private static let outputKey = Key("output", .integer(minimum: 0), "Tokens of the answer.")
    static let fields = [inputKey.field, outputKey.field]

    let input: Int?
    let output: Int?

    init(from fields: inout Fields) {
        input = fields.read(Self.inputKey)
        output = fields.read(Self.outputKey)
    }
}
