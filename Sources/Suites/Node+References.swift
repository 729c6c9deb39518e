package import Language

/// A reference that has no value yet, with the place of the scalar that holds it.
package struct LocatedReference: Sendable, Hashable {
    package let reference: Reference
    package let range: SourceRange
}

extension Node {
    /// The references that have no value yet, in the order of the source.
    var references: [LocatedReference] {
        switch content {
        case .null, .bool, .integer, .bigInteger, .number, .string: []
        case .sequence(let nodes): nodes.flatMap(\.references)
        case .mapping(let entries): entries.flatMap(\.value.references)
        case .pending(let template):
            template.references.map { LocatedReference(reference: $0, range: range) }
        }
    }

    /// The node with references replaced by their values; those that `lookUp` does not know are kept.
    func resolved(asText: Bool = false, _ lookUp: (Reference) -> Value?) -> Node {
        switch content {
        case .null, .bool, .integer, .bigInteger, .number, .string:
            return self
        case .sequence(let nodes):
            return Node(.sequence(nodes.map { $0.resolved(asText: asText, lookUp) }), at: range)
        case .mapping(let entries):
            let resolved = entries.map { entry in
                Entry(key: entry.key, keyRange: entry.keyRange, value: entry.value.resolved(asText: asText, lookUp))
            }
            return Node(.mapping(resolved), at: range)
        case .pending(let template):
            let known = template.partlyResolved(lookUp)
            guard let value = known.resolved(lookUp) else { return Node(.pending(known), at: range) }
            return asText
                ? Node(.string(value.interpolated), at: range, isFromEnvironment: true) : Node(value, at: range)
        }
    }

    /// A value as if it had been written at a place.
    init(_ value: Value, at range: SourceRange) {
        let content: Content =
            switch value {
            case .null: .null
            case .bool(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .bigInteger(let digits): .bigInteger(digits)
            case .number(let value): .number(value)
            case .string(let value): .string(value)
            case .array(let values): .sequence(values.map { Node($0, at: range) })
            case .object(let members):
                .mapping(
                    members.sorted { $0.key < $1.key }.map { key, value in
                        Entry(key: key, keyRange: range, value: Node(value, at: range))
                    })
            }
        // Text from a table or an answer may be read as a number, as text from the environment may.
        self.init(content, at: range, isFromEnvironment: value.string != nil)
    }
}

extension Template {
    /// The template with known values as literals; a reference that is the whole text is kept, so that its value keeps
    /// its type.
    func partlyResolved(_ lookUp: (Reference) -> Value?) -> Template {
        guard parts.count > 1 else { return self }
        return Template(
            parts.map { part in
                guard case .reference(let reference) = part, let value = lookUp(reference) else { return part }
                return .literal(value.interpolated)
            })
    }
}

extension Fields {
    /// Decodes a map with its references resolved. A value keeps its own type, or, if that does not fit, becomes text:
    /// a field of type text accepts a captured number.
    /// - Throws: The mistakes in the resolved map.
    static func decodeResolved<Spec: SpecDecodable>(
        _ type: Spec.Type, from node: Node, _ lookUp: (Reference) -> Value?
    ) throws(Diagnostics) -> Spec {
        var typed = Problems()
        if let spec = decode(type, from: node.resolved(lookUp), &typed), typed.diagnostics.isEmpty { return spec }
        var asText = Problems()
        let spec = decode(type, from: node.resolved(asText: true, lookUp), &asText)
        if let spec, asText.diagnostics.isEmpty { return spec }
        throw Diagnostics(typed.diagnostics.isEmpty ? asText.diagnostics : typed.diagnostics)
    }

    /// Decodes this map with placeholder text for some of its references, and reports what is wrong whatever their
    /// values are: mistakes due to the placeholders are ignored.
    /// - Returns: nil when there are no such references.
    @discardableResult
    mutating func validateWaiting<Spec: SpecDecodable>(
        _ type: Spec.Type, where isWaiting: (Reference) -> Bool = { _ in true }
    ) -> Spec? {
        let places = Set(node.references.filter { isWaiting($0.reference) }.map(\.range))
        guard !places.isEmpty else { return nil }
        var found = Problems()
        let standIn = Fields.decode(
            type, from: node.resolved { isWaiting($0) ? .string("value") : nil }, &found)
        let known = Set(reported)
        problems.report(
            found.diagnostics.filter { diagnostic in
                !known.contains(diagnostic) && diagnostic.subject.map { !places.contains($0) } ?? true
            })
        return standIn
    }
}
