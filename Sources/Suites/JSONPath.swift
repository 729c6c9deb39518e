package import Language

/// A path to one or several places in a JSON value: `$.orders[0]['total price']`, `$.items[*].id`, `$..id`.
///
/// The subset of RFC 9535 without filters, slices and unions. Negative indices count from the end.
package struct JSONPath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
        /// Every member of an object (keys sorted) or element of an array.
        case everything
        /// The value itself and all its descendants.
        case descendants
    }

    /// The path as it was written.
    package let source: String
    let steps: [Step]

    /// `$`, the whole value.
    static let root = JSONPath(source: "$", steps: [])

    private init(source: String, steps: [Step]) {
        self.source = source
        self.steps = steps
    }

    /// - Throws: `MalformedJSONPath` when the text is not a path.
    package init(_ source: String) throws(MalformedJSONPath) {
        var parser = JSONPathParser(source)
        self.source = source
        self.steps = try parser.parse()
    }

    /// All values at the path, in document order; empty when there is none.
    package func values(in root: Value) -> [Value] {
        steps.reduce([root]) { values, step in values.flatMap { step.values(in: $0) } }
    }
}

/// Why a text is not a JSON path.
package struct MalformedJSONPath: Error, Sendable, Hashable {
    /// One full sentence.
    package let reason: String
}

extension JSONPath.Step {
    func values(in value: Value) -> [Value] {
        switch self {
        case .key(let key):
            return value[key].map { [$0] } ?? []
        case .index(let index):
            guard let array = value.array else { return [] }
            let position = index < 0 ? array.count + index : index
            return array.indices.contains(position) ? [array[position]] : []
        case .everything:
            return children(of: value)
        case .descendants:
            return [value] + children(of: value).flatMap { values(in: $0) }
        }
    }

    private func children(of value: Value) -> [Value] {
        switch value {
        case .array(let elements): elements
        case .object(let members): members.sorted { $0.key < $1.key }.map(\.value)
        case .null, .bool, .integer, .bigInteger, .number, .string: []
        }
    }
}
