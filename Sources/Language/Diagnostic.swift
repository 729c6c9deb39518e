/// A problem to report to the user: what happened, where, why, and how to fix it.
package struct Diagnostic: Error, Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable, Codable {
        case error, warning
    }

    /// Why it happened. Exit codes, the findings of `drover doctor`, gates and HTTP statuses are derived from it.
    package enum Cause: String, Sendable, Hashable, Codable, CaseIterable {
        /// What was declared is wrong; nothing was contacted.
        case spec
        /// The server, or this machine, lacks something that is needed.
        case lacking
        /// The object belongs to someone else, or has changed since it was last seen.
        case conflict
        /// The object is protected.
        case protected
        /// A server, a file or a program could not be used; it may work later.
        case unavailable
        /// A bug in drover.
        case unexpected
        /// The user interrupted it.
        case interrupted
        /// The command line asks for something that does not exist, or for things that exclude each other.
        case usage
        /// A test or a gate was evaluated, and failed.
        case failed
        /// A test or a gate could not be evaluated.
        case inconclusive
        /// Only a part of an apply was done; the next apply continues.
        case incomplete
        /// Someone else holds the lock.
        case locked

        /// Whether the actual state could not be determined, as opposed to being known and wrong.
        package var isIgnorance: Bool {
            self == .unavailable || self == .unexpected
        }
    }

    /// A stable, searchable name such as `unknown-field`; it appears in every machine format.
    package struct Code: Sendable, Hashable, ExpressibleByStringLiteral {
        package let name: String

        package init(_ name: String) {
            self.name = name
        }

        package init(stringLiteral name: String) {
            self.name = name
        }
    }

    /// A related place, for example the first of two declarations with one name.
    package struct Note: Sendable, Hashable {
        package var text: String
        package var subject: SourceRange?

        package init(_ text: String, at subject: SourceRange? = nil) {
            self.text = text
            self.subject = subject
        }
    }

    package var severity: Severity
    package var code: Code
    /// Fixed text without user data, so that readers learn to recognise it.
    package var summary: String
    /// Full sentences, with the real names and values.
    package var detail: String
    /// What to do, in the imperative, or "Did you mean …?".
    package var fix: String?
    package var subject: SourceRange?
    /// The declaration it concerns, such as `agents.support`, if there is one.
    package var address: String?
    /// Other declarations that may be the reason, such as `tools.tickets`.
    package var related: [String] = []
    package var notes: [Note]
    /// Secrets written in plain text, or what may be some, which are hidden in every snippet of the run.
    package var hidden: [SourceRange] = []
    /// Why it happened; an invalid spec by default.
    package var cause: Cause
    /// How long a server asks to wait before the next try; nil where none says so.
    package var retryAfter: Duration?
    /// Whether a server refused a request before it did anything for it: it was full, or could not be reached.
    package var isRefusal = false

    package init(
        _ code: Code,
        _ summary: String,
        detail: String,
        fix: String? = nil,
        at subject: SourceRange? = nil,
        address: String? = nil,
        notes: [Note] = [],
        severity: Severity = .error,
        cause: Cause = .spec
    ) {
        self.severity = severity
        self.code = code
        self.summary = summary
        self.detail = detail
        self.fix = fix
        self.subject = subject
        self.address = address
        self.notes = notes
        self.cause = cause
    }
}

/// All mistakes of one step, never empty.
package struct Diagnostics: Error, Sendable, Hashable {
    package var all: [Diagnostic]

    package init(_ all: [Diagnostic]) {
        precondition(!all.isEmpty, "Diagnostics are thrown only when there are some.")
        self.all = all
    }
}
