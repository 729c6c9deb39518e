import Language

/// The declaration of one turn: `{input: …, expect: […], capture: {…}}`.
struct TurnSpec: SpecDecodable {
    static let noun = "a turn"
    private static let inputKey = Key<Node>(
        "input", .template, required: true, example: "Open a ticket.", "The question.")
    private static let expectKey = Key<[Expectation]>("expect", .list(.object()), "What its answer must be like.")
    private static let captureKey = Key<[Entry<CaptureSpec>]>(
        "capture", .map(.object()), example: "{ticket: {jsonPath: $.ticketId}}",
        "Values of the answer that later turns use as `${capture.NAME}`.")
    static let fields = [inputKey.field, expectKey.field, captureKey.field]

    let turn: Turn

    init(from fields: inout Fields) {
        let input = fields.read(Self.inputKey)
        let captures = fields.read(Self.captureKey) ?? []
        turn = Turn(
            input: input?.template ?? Template([]), inputRange: input?.range ?? fields.node.range,
            expectations: fields.read(Self.expectKey) ?? [],
            captures: captures.compactMap { entry in
                entry.value.source.map { Capture(name: entry.key, range: entry.keyRange, source: $0) }
            })
    }
}

/// `{jsonPath: $.ticketId}` or `{matches: "order ([0-9]+)"}`.
struct CaptureSpec: SpecDecodable {
    static let noun = "a capture"
    private static let pathKey = Key<JSONPath>(
        "jsonPath", .jsonPath, example: "$.ticketId", "Where the value stands in an answer that is JSON.")
    private static let patternKey = Key<Pattern>(
        "matches", .pattern, "A regular expression; its first group is the value, or the whole match.")
    static let fields = [pathKey.field, patternKey.field]
    static let rules = [FieldRule.exactlyOne(["jsonPath", "matches"])]

    /// Nil when it was wrong (and reported).
    let source: Capture.Source?

    init(from fields: inout Fields) {
        source = fields.read(Self.pathKey).map { .jsonPath($0) } ?? fields.read(Self.patternKey).map { .matches($0) }
    }
}

extension Node {
    /// Text as a template, with its references or as one literal.
    var template: Template {
        guard case .pending(let template) = content else { return Template([.literal(string ?? "")]) }
        return template
    }
}
