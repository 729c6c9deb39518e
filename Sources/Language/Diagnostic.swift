/// Something a user must know: what happened, where, why, and what to do about it.
package struct Diagnostic: Error, Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable, Codable {
        case error, warning
    }

    /// What kind of trouble it is. Exit codes, a doctor's findings, gates and HTTP statuses are folds over it.
    package enum Cause: String, Sendable, Hashable, Codable, CaseIterable {
        /// What was declared is wrong; nothing was contacted.
        case spec
        /// The server, or this machine, lacks something that is needed.
        case lacking
        /// The object is somebody else's, or not what was seen before.
        case conflict
        /// A protection refuses it.
        case protected
        /// A server, a file or a program could not be used: it may work later.
        case unavailable
        /// An error in drover.
        case unexpected
        /// The user ended it before its end.
        case interrupted
        /// The command line asks for what does not exist or does not go together.
        case usage
        /// A test or a gate was judged, and failed.
        case failed
        /// A test or a gate could not be judged.
        case inconclusive
        /// Not all of an apply could be done; the next one goes on.
        case incomplete
        /// Somebody else holds the lock.
        case locked

        /// Whether nobody could find out how things are, in contrast to having found that they are wrong.
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
    /// The declared thing it concerns, such as `agents.support`, where there is one.
    package var address: String?
    /// Other declared things that may be the reason, such as `tools.tickets`.
    package var related: [String] = []
    package var notes: [Note]
    /// A secret in plain text, which no snippet of the run shows.
    package var hidden: SourceRange?
    /// What kind of trouble it is; an invalid spec unless said otherwise.
    package var cause: Cause

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
