package import Language

/// What is done to one object.
package enum Action: String, Sendable, Codable, CaseIterable {
    case keep, adopt, create, update, replace, delete, forget, check, promote
    /// What would be promoted waits until somebody approves it.
    case propose

    /// Whether it is done only once the checks before it have passed.
    package var isPromotion: Bool { self == .promote || self == .propose }

    /// The sign of a plan's line.
    package var sign: String {
        switch self {
        case .keep: " "
        case .adopt: ">"
        case .create: "+"
        case .update: "~"
        case .replace: "-/+"
        case .delete: "-"
        case .forget: "x"
        case .check: "T"
        case .promote: "^"
        case .propose: "?"
        }
    }
}

/// One field that differs between the live and the desired state.
package struct FieldChange: Sendable, Hashable {
    /// What changed since the last apply: the spec, the live object, or both.
    package enum Cause: String, Sendable, Hashable, Codable {
        case spec, drift, both
    }

    /// Such as `tags.team`, `documents.docs/refunds.md`, `instructions`.
    package var path: String
    package var old: Value?
    /// nil when the field is removed, or known only after apply.
    package var new: Value?
    package var isKnownAfterApply: Bool
    package var forcesReplacement: Bool
    package var cause: Cause?
    /// Shown instead of the values, such as `content changed`.
    package var note: String?

    package init(
        _ path: String, old: Value? = nil, new: Value? = nil, isKnownAfterApply: Bool = false,
        forcesReplacement: Bool = false, cause: Cause? = nil, note: String? = nil
    ) {
        self.path = path
        self.old = old
        self.new = new
        self.isKnownAfterApply = isKnownAfterApply
        self.forcesReplacement = forcesReplacement
        self.cause = cause
        self.note = note
    }

    /// The changes between two flat sets of fields: declared fields are compared, fields that drover applied but the
    /// spec no longer has are removed, and all others are left alone. Sorted by path.
    package static func between(
        live: AppliedFields, desired: AppliedFields, since last: AppliedFields
    ) -> [FieldChange] {
        var changes: [FieldChange] = []
        for (path, new) in desired where live[path] != new {
            changes.append(FieldChange(path, old: live[path], new: new))
        }
        for path in last.keys where desired[path] == nil {
            guard let old = live[path] else { continue }
            changes.append(FieldChange(path, old: old))
        }
        return changes.sorted { $0.path < $1.path }
    }

    /// Whether it moves what others follow.
    package var isPromotion: Bool { path == "version" }
    package var isProposal: Bool { path == "candidate" }
    /// Whether it says where that stands.
    var isPlace: Bool { path == Self.place }
    static let place = "alias"

    /// Whether the live object was changed by somebody else.
    package var isDrift: Bool { cause == .drift || cause == .both }

    /// The same change with its cause, found by comparison with the last apply.
    package func attributed(since last: AppliedFields) -> FieldChange {
        var change = self
        guard cause == nil, !last.isEmpty else { return change }
        // What the spec did not say before is no drift: the server or somebody else had a value of its own.
        guard let applied = last[path], applied != .null else {
            change.cause = .spec
            return change
        }
        switch (applied == new, applied == old) {
        case (true, false): change.cause = .drift
        case (false, true): change.cause = .spec
        case (false, false): change.cause = .both
        case (true, true): break
        }
        return change
    }
}

/// The entry of a plan for one address.
package struct Change: Sendable {
    package var address: Address
    package var action: Action
    package var fields: [FieldChange]
    /// The declaration; nil when it was removed from the spec.
    package var range: SourceRange?
    /// The display name of the live object; nil while there is none.
    package var label: String?
    /// A sentence about the change, such as why something is kept.
    package var note: String?
    /// Whether it was applied, and somebody deleted it.
    package var isLost = false
    /// Whether it was applied, and somebody removed its mark, or another stack took it over.
    package var isUnmarked = false
    /// Whether it is ours, and the record does not say what was applied last: nobody knows who changed it.
    package var isUnrecorded = false
    /// Whether it is the removal of what a replacement left behind.
    package var isLeftOver = false
    /// Whether it is a replacement whose new object is made while the old one is still there.
    package var isNewFirst = false
    /// The labels of what an update removes that does nothing else; empty for all others.
    package var lettingGo: [String] = []
    /// Whether it would be promoted, but for checks that do not let it: it is kept, and its note says why.
    package private(set) var isWithheld = false
    /// The label of what an interrupted replacement left, with which this one goes on; nil when it begins anew.
    package var continues: String?
    /// The fingerprint of the live object when this was planned; nil while there is none. It is computed on access,
    /// since only saved plans and comparisons need it.
    package var fingerprint: Fingerprint? { takingFingerprint() }
    private let takingFingerprint: @Sendable () -> Fingerprint?

    package init(
        _ address: Address, _ action: Action, fields: [FieldChange] = [], range: SourceRange? = nil,
        label: String? = nil, note: String? = nil,
        fingerprint: @escaping @Sendable @autoclosure () -> Fingerprint? = nil
    ) {
        takingFingerprint = fingerprint
        self.address = address
        self.action = action
        self.fields = fields
        self.range = range
        self.label = label
        self.note = note
    }
}

extension Change {
    /// Says one more thing about it.
    mutating func add(note more: String) {
        note = [note, more].compactMap(\.self).joined(separator: "; ")
    }

    /// The sign of a plan's line.
    package var sign: String { isNewFirst ? "+/-" : isWithheld ? "=" : action.sign }

    /// Whether a plan shows it.
    package var isShown: Bool { action != .keep || isWithheld }

    /// Keeps what would be promoted; does nothing to all else.
    /// - Parameter reason: The end of a sentence.
    mutating func withhold(because reason: String) {
        guard action.isPromotion else { return }
        (action, fields, note, isWithheld) = (.keep, [], "stays: \(reason)", true)
    }

    /// The same as a plan's file has it.
    package func withheld() -> Change {
        var change = self
        change.isWithheld = true
        return change
    }
}

/// The actions, in the order of the declarations, deletions last.
package struct Plan: Sendable {
    package var stack: StackName
    /// All addresses, including those that are kept.
    package var changes: [Change]
    package var warnings: [Diagnostic]
    package var limits: Limits
    /// Whether it shows only what others did since the last apply.
    package private(set) var isDrift = false
    /// What goes once aliases have moved or are gone, in the order of the addresses: it is removed then, and nothing else is.
    package var freed: [Freed] = []
    /// The logical digests of what releases are made of, by address: of all that can change what an agent does, without
    /// ids of servers.
    package var identities: [Address: String] = [:]

    /// What a selection adds to what was selected, and leaves out.
    package struct Limits: Sendable, Hashable, Codable {
        /// They come along because a target needs them.
        package var companions: [Address]
        /// They are left out because they need what is excluded.
        package var leftOut: [Address]
        /// The number of things that left the spec and stay on the servers.
        package var unremoved: Int
        /// The number of declared things that were not looked at; nil where nothing was selected.
        package var unselected: Int?

        package init(
            companions: [Address] = [], leftOut: [Address] = [], unremoved: Int = 0, unselected: Int? = nil
        ) {
            self.companions = companions
            self.leftOut = leftOut
            self.unremoved = unremoved
            self.unselected = unselected
        }
    }

    package init(
        stack: StackName, changes: [Change], warnings: [Diagnostic] = [], limits: Limits = Limits()
    ) {
        self.limits = limits
        self.stack = stack
        self.changes = changes
        self.warnings = warnings
    }

    package var isEmpty: Bool {
        changes.allSatisfy { $0.action == .keep }
    }

    package func count(_ action: Action) -> Int {
        changes.count { $0.action == action }
    }

    /// How many would be promoted, but for their checks.
    package var withheld: Int { changes.count(where: \.isWithheld) }

    /// Only what was changed or deleted on the servers since the last apply, each with only the fields that drifted.
    package var drift: Plan {
        var plan = self
        plan.limits = Limits()
        plan.freed = []
        plan.isDrift = true
        plan.changes = changes.compactMap { change in
            var drifted = change
            drifted.fields = change.isLost ? [] : change.fields.filter { $0.isDrift || change.isUnrecorded }
            if change.isUnmarked { return drifted }
            guard change.action != .keep else { return drifted }
            if change.isUnrecorded, drifted.note == nil {
                drifted.note = "the record does not say whether the spec or somebody else changed it"
            }
            return change.isLost || !drifted.fields.isEmpty ? drifted : nil
        }
        return plan
    }
}
