extension Node {
    /// Data as a tree that stands in no source, for writing it as YAML; keys are sorted.
    package init(_ data: Value) {
        let nowhere = SourcePosition(line: 1, column: 1)
        self.init(data, at: SourceRange(source: SourceID(index: 0), start: nowhere, end: nowhere))
    }

    private init(_ data: Value, at range: SourceRange) {
        let content: Content =
            switch data {
            case .null: .null
            case .bool(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .bigInteger(let digits): .bigInteger(digits)
            case .number(let value): .number(value)
            case .string(let value): .string(value)
            case .array(let elements): .sequence(elements.map { Node($0, at: range) })
            case .object(let members):
                .mapping(
                    members.sorted { ExactText($0.key) < ExactText($1.key) }.map {
                        Entry(key: $0.key, keyRange: range, value: Node($0.value, at: range))
                    })
            }
        self.init(content, at: range)
    }
}
