import Language

/// When a rule matches: all conditions that are given must hold.
struct Condition: SpecDecodable {
    static let noun = "a condition"
    private static let modelKey = Key(
        "model", .someText, example: "guard",
        "The model that is asked: `guard` judges for shields, with `safe` or `unsafe` and a line such as `S1`; "
            + "without it, all but `guard`.")
    private static let userKey = Key("user", .object(TextPattern.self), "On the last message of the user.")
    private static let historyKey = Key(
        "history", .object(TextPattern.self), "On all that was said before that message.")
    private static let systemKey = Key("system", .object(TextPattern.self), "On the instructions.")
    private static let resultKey = Key("result", .object(TextPattern.self), "On what the tool returned.")
    private static let offeredKey = Key(
        "offered", .someText,
        "A tool that the model must be offered; `file_search` is the file search of any generation.")
    private static let afterKey = Key(
        "after", .someText, "A tool whose result has just come, or `any`; without it, rules do not answer tool results."
    )
    static let fields = [
        modelKey.field, userKey.field, historyKey.field, systemKey.field, resultKey.field, offeredKey.field,
        afterKey.field,
    ]

    private var patterns: [(subject: Subject, pattern: TextPattern)] = []
    private var model: String?
    private var offered: String?
    private var after: String?

    init() {}

    init(from fields: inout Fields) {
        let keys = [
            (Subject.user, Self.userKey), (.history, Self.historyKey), (.system, Self.systemKey),
            (.result, Self.resultKey),
        ]
        for (subject, key) in keys {
            guard let pattern = fields.read(key) else { continue }
            patterns.append((subject, pattern))
        }
        model = fields.read(Self.modelKey)
        offered = fields.read(Self.offeredKey)
        after = fields.read(Self.afterKey) ?? (fields.has("result") ? "any" : nil)
    }

    /// What the patterns matched in a conversation; nil when the rule does not match.
    func match(_ conversation: Conversation) -> ScriptMatch? {
        guard fitsModel(conversation), fitsTools(conversation) else { return nil }
        var groups: [Subject: [String]] = [:]
        for (subject, pattern) in patterns {
            guard let found = pattern.groups(in: subject.text(in: conversation)) else { return nil }
            groups[subject] = found
        }
        return ScriptMatch(conversation: conversation, groups: groups)
    }

    /// A rule without a model is for all models except the guard.
    private func fitsModel(_ conversation: Conversation) -> Bool {
        guard let model else { return conversation.model != ScriptedModel.guardModel }
        return conversation.model == model
    }

    private func fitsTools(_ conversation: Conversation) -> Bool {
        if let offered, !conversation.offered.contains(where: { ToolName.isSame(offered, $0.name) }) { return false }
        guard let after else { return conversation.results.isEmpty }
        guard after != "any" else { return !conversation.results.isEmpty }
        return conversation.results.contains { ToolName.isSame(after, $0.tool) }
    }
}

/// A text that patterns match and answers may quote.
enum Subject: String, Sendable, CaseIterable {
    case user, history, system, result

    func text(in conversation: Conversation) -> String {
        switch self {
        case .user: conversation.user
        case .history: conversation.history
        case .system: conversation.system
        case .result: conversation.results.map(\.text).joined(separator: "\n")
        }
    }
}

/// A conversation, with what the patterns of a rule matched in it.
struct ScriptMatch: Sendable {
    let conversation: Conversation
    /// The whole match first, then the groups of the pattern.
    let groups: [Subject: [String]]
}

/// `{contains: refund}`, `{icontains: Refund}` or `{matches: "order (\\d+)"}`.
struct TextPattern: SpecDecodable {
    static let noun = "a text pattern"
    private static let containsKey = Key("contains", .someText, "Text that must stand in it.")
    private static let icontainsKey = Key("icontains", .someText, "Text that must stand in it, in any case.")
    private static let matchesKey = Key(
        "matches", .regularExpression, example: "order (\\d+)",
        "Regular expression that must match a part of it; the last match counts.")
    static let fields = [containsKey.field, icontainsKey.field, matchesKey.field]
    static let rules = [FieldRule.exactlyOne(["contains", "icontains", "matches"])]

    private enum Kind: Sendable {
        case contains(String), icontains(String), matches(String)
    }

    private let kind: Kind

    init(from fields: inout Fields) {
        let icontains = fields.read(Self.icontainsKey)
        let matches = fields.read(Self.matchesKey)
        let contains = fields.read(Self.containsKey)
        kind = icontains.map { .icontains($0) } ?? matches.map { .matches($0) } ?? .contains(contains ?? "")
    }

    /// The match and its groups; nil when the pattern does not match.
    func groups(in text: String) -> [String]? {
        switch kind {
        case .contains(let part): return text.contains(part) ? [part] : nil
        case .icontains(let part): return text.lowercased().contains(part.lowercased()) ? [part] : nil
        case .matches(let pattern):
            // It was compiled once when it was read; a compiled one cannot be shared between tasks.
            guard let regex = try? Regex(pattern), let match = text.matches(of: regex).last else { return nil }
            return match.output.map { $0.substring.map(String.init) ?? "" }
        }
    }
}

extension Reading where Value == String {
    /// A regular expression that Swift can compile.
    fileprivate static var regularExpression: Reading {
        Reading.someText.map { text, node, problems in
            do {
                _ = try Regex(text)
                return text
            } catch {
                problems.report(.badExpression(text, node, why: "\(error)"))
                return nil
            }
        }
    }
}

extension Diagnostic {
    fileprivate static func badExpression(_ text: String, _ node: Node, why: String) -> Diagnostic {
        Diagnostic(
            "bad-expression", "Bad regular expression",
            detail: "`\(text)` is not a regular expression: \(why).",
            fix: "Correct the expression; a `\\` before a character takes its special meaning away.", at: node.range)
    }
}
