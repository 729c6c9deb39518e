/// A value that can be sent but not printed: every way of describing it shows `<secret>`.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    package init(_ value: String) {
        self.value = value
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

/// Where a secret comes from: `{env: NAME, optional?: true}` or `{file: PATH}`. Only this is ever stored.
package enum SecretSource: Sendable, Hashable {
    case environment(String, optional: Bool)
    case file(String)
}
