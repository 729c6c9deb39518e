/// One value of a spec, with the place that it was written at.
///
///     stack: helpdesk        # mapping, one entry: key `stack`, value `helpdesk` with its range
package struct Node: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        case integer(Int)
        /// A whole number beyond 64 bits, in decimal digits without leading zeros.
        case bigInteger(String)
        case number(Double)
        case string(String)
        case sequence([Node])
        case mapping([Entry])
        /// Literals and references to outputs, known only after apply (or, in a case, only while it runs).
        case pending(Template)
    }

    /// One key of a mapping with its value, in the order of the source.
    package struct Entry: Sendable, Hashable {
        package var key: String
        package var keyRange: SourceRange
        package var value: Node

        package init(key: String, keyRange: SourceRange, value: Node) {
            self.key = key
            self.keyRange = keyRange
            self.value = value
        }
    }

    package var content: Content
    package var range: SourceRange
    /// Whether the whole text came from `${env.…}`: then it may be read as a number or a boolean.
    package var isFromEnvironment: Bool
    /// Whether all of it came from `${var.…}`: then its type is that of the variable.
    package var isFromVariable = false

    package init(_ content: Content, at range: SourceRange, isFromEnvironment: Bool = false) {
        self.content = content
        self.range = range
        self.isFromEnvironment = isFromEnvironment
    }

    /// The entries of a mapping; nil for everything else.
    package var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    /// The elements of a sequence; nil for everything else.
    package var elements: [Node]? {
        guard case .sequence(let elements) = content else { return nil }
        return elements
    }

    /// The text of a string scalar; nil for everything else.
    package var string: String? {
        guard case .string(let string) = content else { return nil }
        return string
    }

    /// The value of a key of a mapping; nil where there is none.
    package subscript(key: String) -> Node? {
        entries?.first { $0.key == key }?.value
    }

    /// Whether it is a plan that was printed as JSON.
    package var isPrintedPlan: Bool {
        OwnFile.isPrintedPlan { self[$0] != nil }
    }

    /// What the content is called in messages: `text`, `a whole number`, `a list`, `a map`, …
    package var typeName: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "a whole number"
        case .bigInteger: "a whole number beyond 64 bits"
        case .number: "a number"
        case .string: "text"
        case .sequence: "a list"
        case .mapping: "a map"
        case .pending: "a reference"
        }
    }
}
