package import Language

/// What the user allows beyond the ordinary.
package struct Permissions: Sendable, Hashable, Codable {
    /// Objects without a mark that have a wanted name become ours.
    package var adopt: Bool
    /// Another stack's objects become ours.
    package var takeOver: Bool
    /// A spec that declares nothing may delete everything.
    package var allowEmpty: Bool
    /// An alias that somebody else moved may be moved again.
    package var acceptAlias: Bool
    /// Of several objects with a wanted name, the first is examined. Only for looking: what is changed is never chosen
    /// by chance. Not part of a saved plan.
    package var looksAtFirst: Bool

    package init(
        adopt: Bool = false, takeOver: Bool = false, allowEmpty: Bool = false, acceptAlias: Bool = false,
        looksAtFirst: Bool = false
    ) {
        self.looksAtFirst = looksAtFirst
        self.adopt = adopt
        self.takeOver = takeOver
        self.allowEmpty = allowEmpty
        self.acceptAlias = acceptAlias
    }

    private enum CodingKeys: String, CodingKey {
        case adopt, takeOver, allowEmpty, acceptAlias
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        adopt = try fields.decode(Bool.self, forKey: .adopt)
        takeOver = try fields.decode(Bool.self, forKey: .takeOver)
        allowEmpty = try fields.decode(Bool.self, forKey: .allowEmpty)
        looksAtFirst = false
        // Plans that were saved before releases existed do not have it.
        acceptAlias = try fields.decodeIfPresent(Bool.self, forKey: .acceptAlias) ?? false
    }
}

/// What to do about one object, and the fields that say why.
package struct Decision: Sendable, Hashable {
    package var action: Action
    package var fields: [FieldChange]
}

extension Resource {
    /// Decides what to do about one address. Pure: the planner calls it to preview, the executor again before it acts.
    ///
    /// - Throws: `Diagnostic` when the object is not ours to change, or is protected.
    package func decide(
        _ wanted: Wanted<Desired>, _ live: Discovered<Live>?, since last: AppliedFields,
        at address: Address, common: Common, permissions: Permissions
    ) throws(Diagnostic) -> Decision {
        if inlineOutputs(of: wanted.desired) != nil { return Decision(action: .keep, fields: []) }
        guard let live, !isAnothers(live, permissions) else {
            let fields = creation(of: wanted.desired).sorted { $0.path < $1.path }
            return Decision(action: .create, fields: fields.map(wanted.marking))
        }
        try checkOwnership(of: live, at: address, permissions: permissions)
        let (kept, last) = (leaving(common.left, of: wanted.desired, as: live.live), common.left.removed(from: last))
        let fields = differences(between: live.live, and: kept, since: last).map { change in
            wanted.marking(change.attributed(since: last))
        }
        let isReplaced = fields.contains(where: \.forcesReplacement)
        if isReplaced, common.protect { throw .protected(address, "replaced", label: live.label) }
        if isReplaced { return Decision(action: .replace, fields: fields) }
        if live.ownership != .ours { return Decision(action: .adopt, fields: fields) }
        return Decision(action: fields.isEmpty ? .keep : .update, fields: fields)
    }

    /// Whether it belongs to another stack, merely has the same name, as the kind allows, and is not to be taken over.
    private func isAnothers(_ live: Discovered<Live>, _ permissions: Permissions) -> Bool {
        guard case .other = live.ownership else { return false }
        return !Self.hasUniqueNames && !permissions.takeOver
    }

    private func checkOwnership(
        of live: Discovered<Live>, at address: Address, permissions: Permissions
    ) throws(Diagnostic) {
        switch live.ownership {
        case .ours, .retained: break
        case .unmarked:
            if !permissions.adopt { throw .notOurs(address, label: live.label) }
        case .other(let stack):
            if !permissions.takeOver { throw .otherOwner(address, label: live.label, stack: stack) }
        }
    }
}

extension Wanted {
    fileprivate func marking(_ change: FieldChange) -> FieldChange {
        guard unknown.contains(change.path) else { return change }
        var change = change
        change.new = nil
        change.isKnownAfterApply = true
        return change
    }
}

extension Diagnostic {
    fileprivate static func notOurs(_ address: Address, label: String) -> Diagnostic {
        Diagnostic(
            "not-ours", "An object without drover's mark has the wanted name",
            detail: "`\(address)` would be \(label), which exists and was not made by drover.",
            fix: "Adopt it to make it part of this stack, or give the declaration another `name`.",
            address: address.description, cause: .conflict)
    }

    fileprivate static func otherOwner(_ address: Address, label: String, stack: String) -> Diagnostic {
        Diagnostic(
            "other-owner", "The object belongs to another stack",
            detail: "`\(address)` would be \(label), which belongs to the stack `\(stack)`.",
            fix: "Give the declaration another `name`, or take it over if `\(stack)` is gone.",
            address: address.description, cause: .conflict)
    }

    package static func protected(_ address: Address, _ act: String, label: String) -> Diagnostic {
        Diagnostic(
            "protected", "A protected object would be lost",
            detail: "`\(address)` (\(label)) says `protect: true` and would be \(act).",
            fix: "Undo the change, or remove `protect: true`, apply, and change it then.",
            address: address.description, cause: .protected)
    }
}
