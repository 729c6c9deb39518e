package import Language

/// The result of an apply.
package struct Applied: Sendable {
    package var steps: [Address: Outcome<Step>]
    package var removals: [Address: Outcome<Action>]
    /// How many objects were deleted or forgotten: several may go at one address.
    package var removed: [Action: Int] = [:]
    /// How many aliases were accepted where somebody else has put them, before anything was compared again.
    package var acceptedAliases = 0
    /// Whether everything declared was done; only then is anything removed.
    package var isWhole: Bool
    /// The natural keys of what was deleted of kinds that bear no mark, by address.
    var gone: [Address: Set<String>] = [:]
    /// Where something stays that left the spec and is in use.
    var kept: Set<Address> = []
    /// The record's entries afterwards.
    package private(set) var entries: [String: Record.Entry] = [:]
    /// Why the record could not be written at the end; the changes were made nevertheless.
    package var recordFailure: Diagnostic?

    init(steps: [Address: Outcome<Step>], removals: [Address: Outcome<Action>], isWhole: Bool) {
        self.steps = steps
        self.removals = removals
        self.isWhole = isWhole
    }

    /// The result where nothing had to be done.
    package static let nothing = Applied(steps: [:], removals: [:], isWhole: true)

    /// The result where one thing was done by hand.
    package static func byHand(_ change: Change) -> Applied {
        let step = Step(action: change.action, outputs: [:], fields: [:], changes: change.fields)
        return Applied(steps: [change.address: .done(step)], removals: [:], isWhole: true)
    }

    /// The number of addresses that were left because something that they need failed.
    package var skippedCount: Int {
        steps.values.count { outcome in
            if case .skipped = outcome { return true }
            return false
        }
    }

    /// All failures, in the order of the addresses.
    package var failures: [Diagnostic] {
        let steps = steps.sorted { $0.key < $1.key }.compactMap(\.value.failure)
        return steps + removals.sorted { $0.key < $1.key }.compactMap(\.value.failure)
            + (recordFailure.map { [$0] } ?? [])
    }

    package var wasInterrupted: Bool {
        steps.values.contains(where: \.isInterrupted) || removals.values.contains(where: \.isInterrupted)
    }

    /// The number of addresses that an action was done to, or of objects that were removed.
    package func count(_ action: Action) -> Int {
        let changed = steps.values.count { outcome in
            guard case .done(let step) = outcome else { return false }
            return step.action == action
        }
        return changed + removed[action, default: 0]
    }

    func recording(_ entries: [String: Record.Entry], in store: any RecordStore) async -> Applied {
        var applied = self
        applied.entries = entries
        do {
            try await store.save(entries)
        } catch {
            var diagnostic = Diagnostic.from(error, at: nil)
            diagnostic.detail += " What was applied is applied; only the note of it is missing."
            applied.recordFailure = diagnostic
        }
        return applied
    }
}

extension Outcome<Action> {
    /// What was done; nil when it was not.
    fileprivate var action: Action? {
        guard case .done(let action) = self else { return nil }
        return action
    }
}

extension Outcome {
    fileprivate var failure: Diagnostic? {
        guard case .failed(let diagnostic) = self else { return nil }
        return diagnostic
    }

    /// Whether something was started and its end is unknown: it may exist.
    fileprivate var mayHaveActed: Bool {
        switch self {
        case .failed, .interrupted: true
        case .done, .skipped: false
        }
    }

    fileprivate var isInterrupted: Bool {
        if case .interrupted = self { return true }
        return false
    }
}

extension Executor {
    /// Before anything is written: whatever may be applied from now on can be removed later, whatever happens.
    func entriesBefore(_ plan: Plan) -> [String: Record.Entry] {
        var entries = record.entries
        for change in plan.changes where change.action != .keep && change.action != .check {
            let address = change.address.description
            let known = workflow[change.address].map { record.entry(for: $0) } ?? entries[address]
            // Of what was kept and is wanted again, the fields may be those of another object.
            let isBack = known.map { isTakenUp($0, at: change.address) } ?? false
            let isFresh = known == nil || (known?.isRetained == true && workflow[change.address] != nil)
            let begun = isBack ? known?.takenUp : isFresh ? known?.adoption : known
            var entry = begun ?? Record.Entry(fields: [:])
            if change.action == .create {
                entry.withdraw()
            } else if isBack || workflow[change.address].flatMap(survey.member(for:))?.ownership == .ours {
                entry.confirmKey()
            }
            entry.announce(change.fields)
            if isAdoption(change.action, at: change.address) { entry.isAdopted = true }
            // The object's mark is removed first: if the record said so only at the end, the object would count as ours
            // in between.
            let isForgotten = change.action == .forget && isKnownByRecord(change.address.kind) && known != nil
            entries[address] = isForgotten && workflow[change.address] == nil ? entry.leaving : entry
        }
        return entries
    }

    /// Whether an entry is of what was kept, and is wanted again and there: nothing else says that it is ours.
    private func isTakenUp(_ entry: Record.Entry, at address: Address) -> Bool {
        guard entry.isRetained == true, let key = entry.fields["id"], let declaration = workflow[address],
            let member = survey.member(for: declaration), member.ownership == .retained
        else { return false }
        return drivers[address.kind]?.fields(of: member)["id"] == key
    }

    /// Whether something becomes ours that somebody else made.
    private func isAdoption(_ action: Action, at address: Address) -> Bool {
        guard action == .adopt || action.isPromotion, let declaration = workflow[address] else { return false }
        return survey.member(for: declaration)?.ownership == .unmarked
    }

    /// Afterwards: exactly what was applied; failed addresses keep their previous entry.
    func entriesAfter(_ applied: Applied, of plan: Plan) -> [String: Record.Entry] {
        var entries = record.entries
        let before = entriesBefore(plan)
        for (address, outcome) in applied.steps where outcome.mayHaveActed {
            entries[address.description] = before[address.description]
        }
        for (address, outcome) in applied.steps {
            guard case .done(let step) = outcome, let common = workflow[address]?.spec.common else { continue }
            guard !step.fields.isEmpty else { continue }
            if let old = workflow[address]?.oldAddress, workflow[old] == nil { entries[old.description] = nil }
            var entry = Record.Entry(fields: step.fields, onDelete: common.onDelete, protect: common.protect)
            let wasAdopted = workflow[address].flatMap { record.entry(for: $0) }?.isAdopted
            switch step.action {
            case .create, .replace: break  // It is of our own making.
            case .keep, .adopt, .update, .delete, .forget, .check, .promote, .propose:
                entry.isAdopted = isAdoption(step.action, at: address) ? true : wasAdopted
            }
            entry.older = older(at: address, applied)
            entries[address.description] = entry.applied
        }
        for (address, outcome) in applied.removals where outcome.mayHaveActed && workflow[address] == nil {
            if before[address.description]?.isLeaving == true {
                entries[address.description] = before[address.description]
            }
        }
        for (address, outcome) in applied.removals where outcome.isDone && workflow[address] == nil {
            // What was adopted is still there, and still somebody else's making, should it be wanted again.
            let entry = outcome.action == .forget ? record.entry(address) : nil
            if !applied.kept.contains(address) {
                entries[address.description] = isKnownByRecord(address.kind) ? entry?.retained : entry?.formerAdoption
            }
            keepKeys(of: address, in: &entries, applied)
        }
        for (address, keys) in applied.gone {
            let left = entries[address.description]?.older?.filter { !keys.contains($0) } ?? []
            entries[address.description]?.older = left.isEmpty ? nil : left
            if let key = entries[address.description]?.fields[Record.Entry.key]?.string, keys.contains(key) {
                entries[address.description]?.fields = [:]
            }
        }
        guard applied.isWhole, scope.isEverything else { return entries }
        for (text, entry) in entries where isLeftBehind(text, entry) { entries[text] = entry.formerAdoption }
        return entries
    }

    /// The natural key of an object that bears no mark.
    func key(of member: Member) -> String? {
        guard isKnownByRecord(member.address.kind) else { return nil }
        return drivers[member.address.kind]?.fields(of: member)[Record.Entry.key]?.string
    }

    /// The keys of what is still there beside the object that counts: of leftovers that something uses, and of what was
    /// replaced and not removed yet.
    private func older(at address: Address, _ applied: Applied) -> [String]? {
        guard isKnownByRecord(address.kind) else { return nil }
        let declaration = workflow[address]
        let places = [address] + [declaration?.oldAddress].compactMap(\.self).filter { workflow[$0] == nil }
        let left = (survey.stale + survey.held).filter { places.contains($0.address) }
        var keys = Set(left.compactMap(key(of:)))
        var gone = places.reduce(into: Set<String>()) { $0.formUnion(applied.gone[$1] ?? []) }
        if case .done(let step)? = applied.steps[address] {
            if step.action == .replace {
                keys.formUnion(declaration.flatMap(survey.member(for:)).flatMap(key(of:)).map { [$0] } ?? [])
            }
            gone.formUnion(step.fields[Record.Entry.key]?.string.map { [$0] } ?? [])
        }
        let known = places.compactMap(record.entry)
        if drivers[address.kind]?.listsKeys != true { keys.formUnion(known.flatMap { $0.older ?? [] }) }
        if places.contains(where: survey.setAside.contains) { keys.formUnion(known.flatMap(\.keys)) }
        let rest = keys.subtracting(gone)
        return rest.isEmpty ? nil : rest.sorted()
    }

    /// Of what left the spec, the keys stay ours of that which could not go yet.
    private func keepKeys(of address: Address, in entries: inout [String: Record.Entry], _ applied: Applied) {
        guard isKnownByRecord(address.kind) else { return }
        let member = survey.members[address].flatMap(key(of:))
        if let member, applied.gone[address]?.contains(member) != true, entries[address.description] == nil {
            entries[address.description] = record.entry(address)
        }
        guard let older = older(at: address, applied) else {
            entries[address.description]?.older = nil
            return
        }
        entries[address.description, default: Record.Entry(fields: [:])].older = older
    }

    /// What the record says of objects that it knows by their keys alone, and that are on no server any more, by address:
    /// what is left of it, which is nothing, or that they were adopted; of declared ones their entry without older keys.
    package var expired: [String: Record.Entry?] {
        guard scope.isEverything else { return [:] }
        let there = Set((Array(survey.members.values) + survey.stale + survey.held).compactMap(key(of:)))
        var expired: [String: Record.Entry?] = [:]
        for (text, entry) in record.entries where !entry.keys.isEmpty {
            guard let address = Address(text: text), isKnownByRecord(address.kind) else { continue }
            if isLeftBehind(text, entry) {
                expired.updateValue(entry.formerAdoption, forKey: text)
            } else if workflow[address] != nil, drivers[address.kind]?.listsKeys == true,
                !survey.setAside.contains(address), let older = entry.older, !older.allSatisfy(there.contains)
            {
                var rest = entry
                rest.older = older.filter(there.contains)
                if rest.older?.isEmpty == true { rest.older = nil }
                expired.updateValue(rest, forKey: text)
            }
        }
        return expired
    }

    /// Whether an entry is about something that left the spec and that no server has any longer: an apply that removed
    /// it was cut off before it could record that, or somebody else removed it. For kinds that carry no mark, only the
    /// entry says what is ours, so it is kept until a listing shows that nothing has its key; from then on anyone may
    /// use that key.
    private func isLeftBehind(_ text: String, _ entry: Record.Entry) -> Bool {
        guard let address = Address(text: text), workflow[address] == nil, drivers[address.kind] != nil,
            entry.isRetained != true, record.intents[text] == nil,
            !isKnownByRecord(address.kind) || drivers[address.kind]?.listsKeys == true
                || (entry.fields[Record.Entry.key] == nil && entry.older == nil)
        else { return false }
        let isThere =
            survey.members[address] != nil || survey.setAside.contains(address)
            || (survey.stale + survey.held).contains { $0.address == address }
        return !isThere && !workflow.declarations.contains { $0.oldAddress == address }
    }
}
