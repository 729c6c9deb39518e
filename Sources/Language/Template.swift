/// A string with parts that are not known yet: literals and references, in order.
///
/// `order ${capture.ticket}!` is `[.literal("order "), .reference(capture.ticket), .literal("!")]`.
package struct Template: Sendable, Hashable {
    package enum Part: Sendable, Hashable {
        case literal(String)
        case reference(Reference)
    }

    package var parts: [Part]

    package init(_ parts: [Part]) {
        self.parts = parts
    }

    package var references: [Reference] {
        parts.compactMap { part in
            guard case .reference(let reference) = part else { return nil }
            return reference
        }
    }

    /// The text as written in the spec, `${…}` included.
    package var text: String {
        parts.map { part in
            switch part {
            case .literal(let text): text
            case .reference(let reference): "${\(reference.text)}"
            }
        }.joined()
    }

    /// The text with every reference resolved; nil when one of them has no value yet.
    package func resolved(_ lookUp: (Reference) -> Value?) -> Value? {
        if parts.count == 1, case .reference(let reference) = parts[0] { return lookUp(reference) }
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .reference(let reference):
                guard let value = lookUp(reference) else { return nil }
                text += value.interpolated
            }
        }
        return .string(text)
    }
}

/// What stands between `${` and `}`: dot-separated names and an optional default.
///
/// `${env.HOME:-/tmp}` is path `["env", "HOME"]` with fallback `/tmp`; `${vectorStores.handbook.id}` has three names.
package struct Reference: Sendable, Hashable {
    package var path: [String]
    package var fallback: String?

    package init(path: [String], fallback: String? = nil) {
        self.path = path
        self.fallback = fallback
    }

    /// The reference as written, without `${` and `}`.
    package var text: String {
        path.joined(separator: ".") + (fallback.map { ":-" + $0 } ?? "")
    }
}

extension Reference {
    /// What stands for a text that could not be read, and was reported.
    static let unreadable = Reference(path: ["var"])

    /// Whether it names nothing that could be known later; that was reported where it was looked up.
    package var isReported: Bool {
        path.count == 1 || ["var", "env"].contains(path.first) || fallback != nil
    }
}
