package import Language

/// A JSON schema of the dialect 2020-12 that was found sound. Formats are annotations; references stay in the document.
package struct JSONSchema: Sendable, Hashable {
    let root: Value

    init(sound root: Value) {
        self.root = root
    }

    /// What is wrong with a value, in sentences that name the place: `$.legs[0].from`; empty when it is valid.
    /// - Throws: When a pattern takes too long, or the schema refers to itself without end.
    package func problems(in value: Value) throws(Unobservable) -> [String] {
        try SchemaValidation(resources: [root]).validate(value, root, at: "$").problems
    }
}

/// A document of schemas, or one in it that has an `$id`: what `#/…` and `#name` in it refer to.
enum SchemaResource {
    /// The schema that a reference means; nil when it is not in the document.
    /// - Parameters:
    ///   - resource: The one that the reference stands in.
    ///   - document: The whole document.
    static func target(of reference: String, in resource: Value, of document: Value) -> (
        schema: Value, resource: Value
    )? {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (id, fragment) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        guard let own = id.isEmpty ? resource : named(id, in: document) else { return nil }
        if fragment.isEmpty { return (own, own) }
        if fragment.hasPrefix("/") { return pointed(fragment, in: own) }
        return anchored(fragment, in: own).map { ($0, own) }
    }

    /// The schema with an anchor, not in resources of their own.
    private static func anchored(_ name: String, in schema: Value, isTop: Bool = true) -> Value? {
        switch schema {
        case .object(let members):
            if !isTop, members["$id"] != nil { return nil }
            if members["$anchor"]?.string == name || members["$dynamicAnchor"]?.string == name { return schema }
            for (key, member) in members.sorted(by: { $0.key < $1.key }) where key != "enum" && key != "const" {
                if let found = anchored(name, in: member, isTop: false) { return found }
            }
            return nil
        case .array(let elements):
            for element in elements {
                if let found = anchored(name, in: element, isTop: false) { return found }
            }
            return nil
        case .null, .bool, .integer, .bigInteger, .number, .string: return nil
        }
    }

    /// The schema with an `$id`: as it is written, or its last part.
    private static func named(_ id: String, in schema: Value) -> Value? {
        switch schema {
        case .object(let members):
            if let own = members["$id"]?.string, own == id || own.hasSuffix("/" + id) { return schema }
            for (key, member) in members.sorted(by: { $0.key < $1.key }) where key != "enum" && key != "const" {
                if let found = named(id, in: member) { return found }
            }
            return nil
        case .array(let elements): return elements.lazy.compactMap { named(id, in: $0) }.first
        case .null, .bool, .integer, .bigInteger, .number, .string: return nil
        }
    }

    private static func pointed(_ pointer: String, in root: Value) -> (schema: Value, resource: Value)? {
        var (value, resource) = (root, root)
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = part.percentDecoded.replacing("~1", with: "/").replacing("~0", with: "~")
            if let member = value[key] {
                value = member
            } else if let elements = value.array, let index = Int(key), elements.indices.contains(index) {
                value = elements[index]
            } else {
                return nil
            }
            if value["$id"] != nil { resource = value }
        }
        return (value, resource)
    }
}

extension Substring {
    /// With `%22` and the like decoded, as far as they are UTF-8.
    fileprivate var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            guard byte == UInt8(ascii: "%"), digits.count == 2, let code = UInt8(String(Substring(digits)), radix: 16)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
