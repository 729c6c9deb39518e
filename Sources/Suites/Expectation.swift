package import Language
import Runtime

/// One element of `expect:`, a map with one key that names an assertion: `{contains: 30 days}`. Beside one of the answer's
/// text may stand `raw: true`.
///
/// One that refers to a captured value is decoded later; everything else is checked when the spec is read.
package struct Expectation: SpecDecodable {
    private enum Content: Sendable {
        case ready(any Assertion)
        /// The map as written, with references that have no value yet; and what it is with any text in their places.
        case waiting(Node, standIn: (any Assertion)? = nil)
    }

    package static let noun = "an expectation"
    package static let takesOneField = true
    private static let raw = Key(
        "raw", .boolean, default: "false",
        "Whether the text is compared exactly as it came, with its normalisation, line ends and white space at both ends."
    )
    package static let companions: [String: Set<String>] = [
        "raw": [
            "contains", "containsAll", "containsAny", "icontains", "startsWith", "equals", "matches", "length",
            "similar",
        ]
    ]
    /// One for each assertion, and `raw`, sorted by name.
    package static let fields: [Field] = (allAssertions.map { $0.field } + [raw.field]).sorted { $0.name < $1.name }

    /// The key of the assertion: `contains`.
    package let name: String
    /// Key and operand, or only the key when the operand spans several lines.
    package let range: SourceRange
    /// The map as it is written.
    private let node: Node
    private let content: Content
    private let isRaw: Bool

    package init(from fields: inout Fields) {
        let names = fields.names.filter { Self.companions[$0] == nil }
        name = names.first ?? ""
        isRaw = fields.read(Self.raw) ?? false
        if fields.has("raw"), let name = names.first, Self.companions["raw"]?.contains(name) == false {
            fields.reportRaw(beside: name)
        }
        range = fields.place(of: name)
        node = fields.node
        guard names.count == 1, fields.has(name) else {
            fields.reportNotOneAssertion(names)
            content = .waiting(fields.node)
            return
        }
        guard fields.node.references.isEmpty else {
            let standIn = fields.validateWaiting(Expectation.self)
            content = .waiting(fields.node, standIn: standIn?.assertion)
            fields.reportOpenNames(in: [standIn].compactMap(\.self))
            return
        }
        let read = allAssertions.first { $0.field.name == names[0] }.flatMap { Self.read($0, from: &fields) }
        content = read.map { .ready($0) } ?? .waiting(fields.node)
    }

    private static func read<Claim: Assertion>(_ type: Claim.Type, from fields: inout Fields) -> (any Assertion)? {
        fields.read(type.key)
    }

    /// What it claims; with any text for what has no value yet.
    private var assertion: (any Assertion)? {
        switch content {
        case .ready(let assertion): assertion
        case .waiting(_, let standIn): standIn
        }
    }

    /// What a passing answer does: `contains …`.
    package var claim: String {
        switch content {
        case .ready(let assertion): assertion.claim
        case .waiting: "meets `\(name)`"
        }
    }

    /// As JSON; references are as they are written.
    package var written: String {
        (node.value { template, _ in .string(template.text) } ?? .null).canonicalJSON
    }

    /// How a turn may end because it says so, in one of the ways to meet it. That a turn does not end in one way, save
    /// completed, names no other: it must succeed.
    var statuses: Set<Answer.Status> {
        switch assertion {
        case let claim as HasStatus: [claim.status]
        case let claim as Not: claim.inner.isCompletion ? [.incomplete, .failed] : []
        case let claim?: Set(claim.parts.flatMap(\.statuses))
        case nil: []
        }
    }

    private var isCompletion: Bool { (assertion as? HasStatus)?.status == .completed }

    /// The declared judges that it asks, at any depth.
    var judges: [Located<String>] {
        let open = Set(references.map(\.range))
        return (assertion?.allJudges ?? []).filter { !open.contains($0.range) }
    }

    /// What must be asked before it can be evaluated, at any depth; with any text for what has no value yet.
    var inquiries: [Inquiry] {
        guard let assertion else { return [] }
        let own = assertion.inquiries + assertion.parts.flatMap(\.inquiries)
        return isRaw ? own.map(\.raw) : own
    }

    /// As its assertion says; a reference may stand for anything.
    var mayTakeLong: Bool { assertion?.mayTakeLong ?? true }

    /// The references that have no value yet.
    package var references: [LocatedReference] {
        switch content {
        case .ready: []
        case .waiting(let node, _): node.references
        }
    }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        switch content {
        case .ready(let assertion):
            guard isRaw else { return try assertion.evaluate(observation) }
            return try assertion.evaluate(observation.raw)
        case .waiting: throw Unobservable("`\(name)` refers to a value that is not known.")
        }
    }

    /// The expectation with its references resolved; one without references is returned unchanged.
    /// - Throws: The mistakes in the resolved operand.
    package func resolved(_ lookUp: (Reference) -> Value?) throws(Diagnostics) -> Expectation {
        guard case .waiting(let node, _) = content else { return self }
        return try Fields.decodeResolved(Expectation.self, from: node, lookUp)
    }
}

extension Assertion {
    /// The declared judges that it asks, at any depth.
    fileprivate var allJudges: [Located<String>] {
        judges + parts.flatMap(\.judges)
    }
}

extension Fields {
    /// Key and value of an entry if both are on one line, else the key.
    fileprivate func place(of name: String) -> SourceRange {
        guard let key = keyRange(of: name), let value = range(of: name) else { return node.range.firstLine }
        guard value.end.line == key.start.line else { return key }
        return SourceRange(source: key.source, start: key.start, end: max(key.end, value.end))
    }

    fileprivate mutating func reportRaw(beside name: String) {
        let others = Expectation.companions["raw"]?.sorted().listed ?? ""
        problems.report(
            Diagnostic(
                "raw-without-text", "Nothing to compare exactly",
                detail: "`raw` stands beside \(others); `\(name)` compares no text of the answer.",
                fix: "Leave `raw` out.", at: keyRange(of: "raw")))
    }

    fileprivate mutating func reportNotOneAssertion(_ names: [String]) {
        if names.count == 1, let range = keyRange(of: names[0]) {
            problems.report(.noOperand(names[0], at: range))
        }
        // An unknown key is reported already, with the name that was probably meant.
        let isUnnamed = names.isEmpty && node.entries?.allSatisfy { Expectation.companions[$0.key] != nil } == true
        guard names.count > 1 || isUnnamed else { return }
        problems.report(
            Diagnostic(
                "not-one-assertion", "Not exactly one assertion",
                detail: names.isEmpty
                    ? "This expectation is empty; it names one assertion with its operand."
                    : "This expectation has \(names.listed), and each is an expectation of its own.",
                fix: names.isEmpty ? "Write, for example, `contains: 30 days`." : "Put a `-` before each of them.",
                at: names.dropFirst().first.flatMap { keyRange(of: $0) } ?? node.range.firstLine))
    }
}

extension Diagnostic {
    fileprivate static func noOperand(_ name: String, at range: SourceRange) -> Diagnostic {
        let example = allAssertions.first { $0.field.name == name }?.field.example
        return Diagnostic(
            "missing-operand", "Assertion without its operand", detail: "`\(name)` does not say what it is about.",
            fix: "Write, for example, `\(name): \(example ?? "…")`.", at: range)
    }
}
