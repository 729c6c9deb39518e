/// A way to turn a node into a typed value; every problem goes to the collector, and nil means that there was one.
package struct Reading<Value: Sendable>: Sendable {
    package let shape: Shape
    let read: @Sendable (Node, inout Problems) -> Value?

    init(_ shape: Shape, _ read: @escaping @Sendable (Node, inout Problems) -> Value?) {
        self.shape = shape
        self.read = read
    }

    /// The same shape with the value passed through a function that may find more problems.
    package func map<Other: Sendable>(
        _ transform: @escaping @Sendable (Value, Node, inout Problems) -> Other?
    ) -> Reading<Other> {
        Reading<Other>(shape) { node, problems in
            guard let value = read(node, &problems) else { return nil }
            return transform(value, node, &problems)
        }
    }
}

/// A value together with the place that it was written at.
package struct Located<Value: Sendable>: Sendable {
    package let value: Value
    package let range: SourceRange

    package init(_ value: Value, at range: SourceRange) {
        self.value = value
        self.range = range
    }
}

extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}

/// Collects the mistakes of a run. A mistake that an alias repeats is reported once.
package struct Problems: Sendable {
    package private(set) var diagnostics: [Diagnostic] = []
    /// The number of errors so far, including repeated ones.
    private(set) var met = 0
    private var told: Set<Diagnostic> = []
    private var refused: Set<SourceRange> = []
    private let removals: [Overlay.Removal]

    /// - Parameter removals: The fields that overlays removed; a missing one is reported at the line that removed it.
    package init(removals: [Overlay.Removal] = []) {
        self.removals = removals
    }

    /// Where an overlay removed one of these fields from the map at a place; nil when none did.
    package func removal(ofOneOf keys: [String], from map: SourceRange) -> SourceRange? {
        removals.last { $0.map == map && keys.contains($0.key) }?.range
    }

    package mutating func report(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { met += 1 }
        guard told.insert(diagnostic).inserted else { return }
        diagnostics.append(diagnostic)
        if diagnostic.code == .outputNotAllowed, let range = diagnostic.subject { refused.insert(range) }
    }

    /// Hides a place that may hold a secret in all that was reported after so many diagnostics.
    mutating func hide(_ range: SourceRange, since count: Int) {
        for index in diagnostics.indices.dropFirst(count) { diagnostics[index].hidden.append(range) }
    }

    /// Reports an output where outputs are not allowed; a malformed reference, and a variable without a value, were
    /// reported when they were looked up.
    mutating func refuse(_ template: Template, at range: SourceRange) {
        guard !template.references.contains(where: \.isReported) else {
            met += 1
            return
        }
        report(.outputNotAllowed(template, range))
    }

    /// Whether an output at a place was rejected: then it does not count as a use of what it names.
    package func hasRefused(_ range: SourceRange) -> Bool {
        refused.contains(range)
    }

    package mutating func report(_ more: some Sequence<Diagnostic>) {
        for diagnostic in more { report(diagnostic) }
    }
}

extension Reading where Value == String {
    package static var text: Reading {
        Reading(.text()) { node, problems in
            switch node.content {
            case .string(let text): return text
            case .integer, .bigInteger, .number, .bool:
                return problems.wrongType(node, expected: "text", quoting: true)
            case .null, .sequence, .mapping, .pending: return problems.wrongType(node, expected: "text")
            }
        }
    }

    /// Text that is not empty.
    package static var someText: Reading {
        Reading(.text(pattern: #"[\s\S]"#)) { node, problems in
            guard let text = Reading.text.read(node, &problems) else { return nil }
            guard text.isEmpty else { return text }
            problems.report(.emptyText(node))
            return nil
        }
    }

    package static func choice(_ options: [String]) -> Reading {
        Reading(.choice(options)) { node, problems in
            guard let text = Reading.text.read(node, &problems) else { return nil }
            guard !options.contains(text) else { return text }
            problems.report(.unknownChoice(text, node, options))
            return nil
        }
    }
}

extension Reading where Value == Located<String> {
    /// The path of a file, or a glob.
    package static var path: Reading {
        Reading(.path) { node, problems in
            Reading<String>.someText.read(node, &problems).map { Located($0, at: node.range) }
        }
    }
}

extension Reading where Value == Int {
    package static func integer(minimum: Int? = nil, maximum: Int? = nil) -> Reading {
        Reading(.integer(minimum: minimum, maximum: maximum)) { node, problems in
            guard let integer = node.integer else { return problems.wrongType(node, expected: "a whole number") }
            guard integer >= minimum ?? .min, integer <= maximum ?? .max else {
                problems.report(.outOfRange(node, "\(integer)", minimum.map(String.init), maximum.map(String.init)))
                return nil
            }
            return integer
        }
    }
}

extension Reading where Value == Double {
    package static func number(minimum: Double? = nil, maximum: Double? = nil) -> Reading {
        Reading(.number(minimum: minimum, maximum: maximum)) { node, problems in
            guard let number = node.double else { return problems.wrongType(node, expected: "a number") }
            guard number.isFinite else {
                problems.report(.infinite(node))
                return nil
            }
            guard number >= minimum ?? -.infinity, number <= maximum ?? .infinity else {
                problems.report(
                    .outOfRange(node, number.plain, minimum?.plain, maximum?.plain))
                return nil
            }
            return number
        }
    }
}

extension Reading where Value == Bool {
    package static var boolean: Reading {
        Reading(.boolean) { node, problems in
            switch node.content {
            case .bool(let value): return value
            case .string("true") where node.isFromEnvironment: return true
            case .string("false") where node.isFromEnvironment: return false
            case .null, .string, .integer, .bigInteger, .number, .sequence, .mapping, .pending:
                return problems.wrongType(node, expected: "`true` or `false`")
            }
        }
    }
}

extension Reading where Value == Language.Value {
    /// Any data; references in it must be known.
    package static var data: Reading {
        Reading(.data()) { node, problems in node.value(&problems) }
    }

    /// A map of any data.
    package static var map: Reading {
        Reading(.data(mapOnly: true)) { node, problems in
            guard case .mapping = node.content else { return problems.wrongType(node, expected: "a map") }
            return node.value(&problems)
        }
    }
}

extension Reading where Value == Node {
    /// The node as it is, for what is decoded later or may hold references until then.
    package static var node: Reading {
        Reading(.data()) { node, _ in node }
    }

    /// A map as it is, for what may hold references until later.
    package static var mapNode: Reading {
        Reading(.data(mapOnly: true)) { node, problems in
            guard case .mapping = node.content else { return problems.wrongType(node, expected: "a map") }
            problems.refuseInfinite(in: node)
            return node
        }
    }

    /// Text that may contain references, which are resolved later.
    package static var template: Reading {
        Reading(.text()) { node, problems in
            if case .pending = node.content { return node }
            return Reading<String>.text.read(node, &problems).map { _ in node }
        }
    }
}

extension Reading where Value == SecretSource {
    package static var secret: Reading {
        Reading(.secret) { node, problems in
            guard let entries = node.entries, !SecretFields.isText(entries) else {
                problems.report(.plainSecret(node))
                return nil
            }
            let before = problems.diagnostics.count
            defer { problems.hide(node.range, since: before) }
            return SecretFields.read(node, &problems)
        }
    }
}

extension Reading {
    package static func located<Inner>(_ inner: Reading<Inner>) -> Reading where Value == Located<Inner> {
        Reading(inner.shape) { node, problems in
            inner.read(node, &problems).map { Located($0, at: node.range) }
        }
    }

    package static func list<Element>(_ element: Reading<Element>, minimum: Int = 0) -> Reading
    where Value == [Element] {
        Reading(.list(element.shape, minimum: minimum)) { node, problems in
            guard case .sequence(let nodes) = node.content else {
                return problems.wrongType(node, expected: "a list")
            }
            guard nodes.count >= minimum else {
                problems.report(.tooFew(node, minimum))
                return nil
            }
            return nodes.compactMap { element.read($0, &problems) }
        }
    }

    /// A map whose keys are the user's, in the order of the source.
    package static func map<Element>(_ element: Reading<Element>, names: Bool = false) -> Reading
    where Value == [Entry<Element>] {
        Reading(.map(element.shape, names: names)) { node, problems in
            guard case .mapping(let entries) = node.content else {
                let before = problems.diagnostics.count
                defer { if element.shape.holdsSecrets { problems.hide(node.range, since: before) } }
                return problems.wrongType(node, expected: "a map")
            }
            var values: [Entry<Element>] = []
            values.reserveCapacity(entries.count)
            for entry in entries {
                if names, !DeclaredName.isValid(entry.key) {
                    problems.report(.badName(entry.key, entry.keyRange))
                }
                guard let value = element.read(entry.value, &problems) else { continue }
                values.append(Entry(key: entry.key, keyRange: entry.keyRange, value: value))
            }
            return values
        }
    }

    package static func object(_ type: Value.Type = Value.self) -> Reading where Value: SpecDecodable {
        Reading(.object(type)) { node, problems in Fields.decode(type, from: node, &problems) }
    }

    /// The first alternative whose outer type fits the node reads it.
    package static func either(_ alternatives: [Reading], expected: String) -> Reading {
        Reading(.alternatives(alternatives.map(\.shape))) { node, problems in
            guard let fitting = alternatives.first(where: { $0.shape.suits(node) }) else {
                return problems.wrongType(node, expected: expected)
            }
            return fitting.read(node, &problems)
        }
    }

    package static func choice(of type: Value.Type = Value.self) -> Reading
    where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        Reading<String>.choice(type.allCases.map(\.rawValue)).map { text, _, _ in Value(rawValue: text) }
    }
}

/// The name of a declared thing, where it is used.
extension Reading where Value == Located<String> {
    package static func name(of kind: String, orID: Bool = false) -> Reading {
        Reading(.name(of: kind, orID: orID)) { node, problems in
            Reading<String>.someText.read(node, &problems).map { Located($0, at: node.range) }
        }
    }
}

/// One entry of a decoded map.
package struct Entry<Element: Sendable>: Sendable {
    package let key: String
    package let keyRange: SourceRange
    package let value: Element
}

extension Reading {
    /// Reads a node outside of `Fields`, where a map's keys are not known beforehand.
    package func read(_ node: Node, reporting problems: inout Problems) -> Value? {
        read(node, &problems)
    }
}

extension Reading {
    /// The same reading with a narrower shape, so that schemas reject what its function rejects.
    package func shaped(_ shape: Shape) -> Reading {
        Reading(shape, read)
    }
}

extension Key {
    /// Reads the value of this key outside of `Fields`.
    package func read(_ node: Node, reporting problems: inout Problems) -> Value? {
        reading.read(node, &problems)
    }
}

extension Double {
    /// Without `.0` where it is whole.
    fileprivate var plain: String {
        Int(exactly: self).map(String.init) ?? "\(self)"
    }
}
