/// A value that can be sent but not printed: every way of describing it shows `<secret>`.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    package init(_ value: String) {
        self.value = value
    }

    /// A secret as a file or a variable holds it: line ends behind it are no part of it.
    package init(stored text: String) {
        // By bytes: a carriage return and a line feed are one `Character`.
        let kept = text.utf8.reversed().drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.reversed()
        value = String(decoding: Array(kept), as: UTF8.self)
    }

    /// Whether it can be sent as (a part of) the value of a header, which holds no control characters.
    package var fitsHeader: Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    package var isEmpty: Bool {
        value.isEmpty
    }

    /// The value itself, for the one line that puts it into a request.
    package var revealed: String {
        value
    }

    package var description: String {
        "<secret>"
    }

    package var debugDescription: String {
        "<secret>"
    }

    package var customMirror: Mirror {
        Mirror(self, children: [])
    }
}

extension Diagnostic {
    /// A secret that no server can be sent, because it has a control character in it; the secret is not shown.
    ///
    /// - Parameter origin: Where it comes from, as a noun: ``the environment variable `TOKEN` ``.
    package static func unfitSecret(from origin: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "unusable-secret", "Unusable secret",
            detail: "The secret from \(origin) has a line break or another control character in it, "
                + "which no HTTP header can hold. Line ends at its end would not count.",
            fix: "Write the secret alone, on one line.", at: range)
    }
}

/// The names that secrets mostly have: `token`, `api_key`, `DB-Password`. What stands beside such a key is hidden in
/// the snippets of a wrong key, since it may be a secret.
package enum SecretName {
    private static let ends = [
        "key", "token", "secret", "password", "passwd", "credential", "credentials", "authorization",
    ]

    /// Whether it ends like one, in whatever case.
    package static func isOne(_ key: String) -> Bool {
        let key = key.lowercased()
        return ends.contains { key.hasSuffix($0) }
    }
}

/// Where a secret comes from: `{env: NAME, optional?: true}` or `{file: PATH}`. Only this is ever stored.
package enum SecretSource: Sendable, Hashable {
    case environment(String, optional: Bool)
    case file(String)
}
