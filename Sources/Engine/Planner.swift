package import Language

/// Compares what is wanted with what is, without changing anything.
package struct Planner: Sendable {
    let workflow: Workflow
    let drivers: [String: any Driver]
    private let order: [String]
    let survey: Survey
    private let record: Record
    private let permissions: Permissions
    private let selection: Selection
    let scope: Scope
    private let inspection: Inspection
    /// What is not promoted, because checks do not let it, with the reason as the end of a sentence.
    private let withheld: [Address: String]
    /// What is done to releases by hand before anything else; nil for nothing.
    let byHand: Beforehand?
    /// A promotion that somebody has taken back by hand; nil for none.
    let undone: Promotion?

    package init(
        _ workflow: Workflow, drivers: [any Driver], survey: Survey, record: Record, permissions: Permissions,
        selection: Selection = .everything, scope: Scope? = nil, inspection: Inspection = .fields,
        withholding withheld: [Address: String] = [:], after byHand: Beforehand? = nil,
        undoing undone: Promotion? = nil
    ) {
        self.withheld = withheld
        self.byHand = byHand
        self.undone = undone
        self.inspection = inspection
        self.selection = selection
        self.scope = scope ?? Scope(selection, of: workflow)
        self.workflow = workflow
        self.drivers = Dictionary(uniqueKeysWithValues: drivers.map { ($0.kind, $0) })
        self.order = drivers.map(\.kind)
        self.survey = survey
        self.record = record
        self.permissions = permissions
    }

    /// Makes the plan.
    /// - Throws: `Diagnostics` with all that makes a plan impossible; other errors as the resources throw them.
    package func plan() async throws -> Plan {
        let unmatched = selection.withoutMatch(
            among: workflow.graph.addresses + workflow.formerGraph.addresses, survey.ours)
        guard unmatched.isEmpty else { throw Diagnostics(unmatched) }
        var pass = try await visit()
        let removals = try await Removals(
            workflow, drivers: drivers, order: order, survey: survey, record: record, within: scope)
        let continued = Set(pass.changes.values.compactMap(\.continues))
        let removed = changes(of: removals, &pass.problems).filter { change in
            !change.isLeftOver || change.label.map { !continued.contains($0) } ?? true
        }
        pass.warnings += removals.all.filter { $0.action == .keep }.map {
            workflow[$0.member.address] == nil
                ? .stillInUse($0, isDestroyed: workflow.declarations.isEmpty)
                : .leftoverStays($0.member, $0.reasonToKeep ?? "")
        }
        pass.problems += selection.unreplaced(butFor: pass.broken) { pass.changes[$0]?.action }
        guard pass.problems.isEmpty else { throw Diagnostics(pass.problems) }
        for (address, reason) in withheld { pass.changes[address]?.withhold(because: reason) }
        let declared = workflow.declarations.compactMap { pass.changes[$0.address] }
        var plan = Plan(
            stack: workflow.stack, changes: declared + removed, warnings: pass.warnings,
            limits: Plan.Limits(
                companions: scope.companions, leftOut: scope.leftOut, unremoved: removals.unremoved,
                unselected: unselected))
        plan.identities = pass.outputs.identities
        plan.freed =
            if let undone { try await freed(byUndoing: undone, plan, removals) } else {
                try await freed(by: plan, removals, pass.remaining)
            }
        return plan.checking(for: workflow).tellingWhatIsBeforeGates(for: workflow) { kind in
            drivers[kind]?.makesVersions == true
        }
    }

    /// How many declared things a selection leaves aside; nil when it leaves none.
    private var unselected: Int? {
        guard !selection.targets.isEmpty || !selection.excluded.isEmpty else { return nil }
        let count = workflow.declarations.count { !scope.contains($0.address) && !workflow.isCheck($0.address) }
        return count == 0 ? nil : count
    }

    /// What is known of each thing in the scope before an apply, and what an apply would do to it.
    /// - Throws: as `plan`.
    package func previews() async throws -> [Address: Preview] {
        let pass = try await visit()
        guard pass.problems.isEmpty else { throw Diagnostics(pass.problems) }
        return pass.previews
    }

    /// The logical digests of some addresses in the scope, by address: of all that can change what they do.
    /// - Returns: Only those that are applied as they are declared, with everything that they need.
    /// - Throws: as `plan`.
    package func appliedIdentities(of addresses: Set<Address>) async throws -> [Address: String] {
        let pass = try await visit(identifying: addresses)
        guard pass.problems.isEmpty else { throw Diagnostics(pass.problems) }
        return pass.outputs.identities.filter { address, _ in
            addresses.contains(address)
                && workflow.graph.closure(of: [address]).allSatisfy { pass.changes[$0]?.action == .keep }
        }
    }

    /// What one pass over the graph finds.
    private struct Pass {
        var outputs = Outputs()
        var previews: [Address: Preview] = [:]
        var identities = Identities()
        /// The names that undeclared objects hold, by kind; read when a kind is first asked for.
        var heldNames: [String: HeldNames] = [:]
        var changes: [Address: Change] = [:]
        var problems: [Diagnostic] = []
        var warnings: [Diagnostic] = []
        /// What went wrong, and what needs that: one root cause, one error.
        var broken: Set<Address> = []
        /// What earlier definitions left beside objects, and stays as long as versions with an alias use it.
        var remaining: [Member] = []
    }

    private func visit(identifying named: Set<Address> = []) async throws -> Pass {
        var pass = Pass()
        let isIdentifying = !named.isEmpty || workflow.graph.addresses.contains { drivers[$0.kind]?.promotes == true }
        for address in workflow.graph.ordered where scope.contains(address) && !workflow.isCheck(address) {
            guard let declaration = workflow[address] else { continue }
            let needs = workflow.graph.dependencies(of: address) ?? []
            guard pass.broken.isDisjoint(with: needs) else {
                pass.broken.insert(address)
                continue
            }
            do {
                guard let driver = drivers[address.kind] else { throw Diagnostic.noDriver(declaration) }
                if driver.promotes { identify(needs, &pass) }
                if driver.hasUniqueNames { try requireOldName(of: declaration) }
                let (preview, label) = try await preview(of: declaration, by: driver, given: pass.outputs)
                if preview.decision.action == .create {
                    try requireFreeName(of: declaration, driver, id: preview.outputs?["id"]?.string, &pass)
                }
                pass.outputs[address] = preview.outputs
                pass.previews[address] = preview
                pass.remaining += preview.remaining
                if isIdentifying { pass.identities.take(address, preview.identity()) }
                pass.warnings += preview.warnings.map { $0.locating(declaration) }
                let isLost = isLost(declaration, preview)
                let member = survey.member(for: declaration)
                let lost = isLost ? howLost(member) : nil
                pass.changes[address] = Change(
                    address, preview.decision.action, fields: preview.decision.fields, range: declaration.range,
                    label: label, note: lost ?? takenOver(member, by: preview.decision.action),
                    fingerprint: member.map { driver.fingerprint($0, leaving: declaration.spec.common.left) })
                pass.changes[address]?.isLost = isLost
                if preview.decision.action == .adopt, wasApplied(declaration) {
                    if member?.ownership == .unmarked { pass.changes[address]?.note = "its mark was removed outside" }
                    pass.changes[address]?.isUnmarked = true
                }
                pass.changes[address]?.isUnrecorded =
                    member?.ownership == .ours && record.entry(for: declaration)?.fields.isEmpty != false
                pass.changes[address]?.isNewFirst = preview.isNewFirst
                pass.changes[address]?.lettingGo = preview.lettingGo
                if preview.isNewFirst, let member, let reason = try await reasonToStay(member, by: driver) {
                    pass.changes[address]?.note = "the old one stays: \(reason)"
                }
                if preview.isNewFirst, let begun = try await unfinished(declaration, by: driver, given: pass.outputs) {
                    pass.changes[address]?.continues = begun
                    pass.changes[address]?.add(note: "goes on with \(begun), which was not finished")
                }
            } catch let diagnostic as Diagnostic {
                let isUnmarked = diagnostic.code == "not-ours" && wasApplied(declaration)
                let told = isUnmarked ? Diagnostic.unmarked(survey.member(for: declaration)?.label ?? "") : diagnostic
                pass.problems.append(told.locating(declaration))
                pass.broken.insert(address)
            } catch let several as Diagnostics {
                pass.problems += several.all.map { $0.locating(declaration) }
                pass.broken.insert(address)
            }
        }
        identify(named.intersection(pass.changes.keys), &pass)
        return pass
    }

    /// Notes the logical digests of what a release needs, or of what is asked for.
    private func identify(_ needs: Set<Address>, _ pass: inout Pass) {
        for need in needs where !workflow.isCheck(need) && pass.outputs.identities[need] == nil {
            pass.outputs.identities[need] = pass.identities.digest(of: need, in: workflow.graph)
        }
    }

    /// A note on the owner of an object that becomes ours; nil when nobody owns it, or it is not taken over.
    private func takenOver(_ member: Member?, by action: Action) -> String? {
        guard case .other(let stack)? = member?.ownership, action != .create else { return nil }
        return "taken over from the stack `\(stack)`"
    }

    /// Why something that is replaced cannot go: it holds what is not ours, or may; nil where it can.
    private func reasonToStay(_ member: Member, by driver: any Driver) async throws -> String? {
        do {
            _ = try await driver.reasonToKeep(member, of: workflow.stack, forgetting: [])
            return nil
        } catch let undeletable as Undeletable {
            return undeletable.reason
        } catch is Diagnostic {
            return Undeletable.foreign
        }
    }

    /// The label of what a replacement goes on with; nil when it begins anew.
    private func unfinished(
        _ declaration: Declaration, by driver: any Driver, given outputs: Outputs
    ) async throws -> String? {
        let left = survey.stale.filter { $0.address == declaration.address }
        guard !left.isEmpty else { return nil }
        let request = DriverRequest(
            declaration, survey, record, outputs, permissions, isReplaced: selection.replaces(declaration.address))
        return try await driver.unfinished(among: left, request).map { left[$0].label }
    }

    private func wasApplied(_ declaration: Declaration) -> Bool {
        record.entry(for: declaration)?.isApplied == true && record.entry(for: declaration)?.isRetained != true
    }

    /// - Throws: `Diagnostic` (`conflict`) when what it was is ours, and somebody else has an object with its new name:
    ///   that one would be taken instead, and the old one removed.
    private func requireOldName(of declaration: Declaration) throws(Diagnostic) {
        guard let old = declaration.oldAddress, let moved = survey.members[old], moved.ownership == .ours,
            let present = survey.members[declaration.address], ![.ours, .retained].contains(present.ownership)
        else { return }
        throw .moveBlocked(moved, by: present)
    }

    /// - Parameter id: The server's id that it will have; nil where the server makes one.
    /// - Throws: `Diagnostic` (`conflict`) when its name or its id is that of something of ours that is no longer
    ///   declared.
    private func requireFreeName(
        of declaration: Declaration, _ driver: any Driver, id: String?, _ pass: inout Pass
    ) throws(Diagnostic) {
        guard driver.hasUniqueNames else { return }
        let held = pass.heldNames[driver.kind] ?? HeldNames(of: driver, in: survey, besides: workflow)
        pass.heldNames[driver.kind] = held
        let holder = held.holder(of: declaration.spec.common.name ?? declaration.address.name, id: id)
        if let holder { throw .notMoved(holder, to: declaration) }
    }

    /// Whether something was applied, and is not there any more.
    private func isLost(_ declaration: Declaration, _ preview: Preview) -> Bool {
        // What is there may be another stack's, of the same name.
        preview.decision.action == .create && wasApplied(declaration)
    }

    /// What became of something that was applied and is not there any more.
    private func howLost(_ member: Member?) -> String {
        guard case .other(let stack)? = member?.ownership else { return "deleted outside" }
        return "deleted outside, or taken over by the stack `\(stack)`, which has one of its name"
    }

    /// A separate function, so that the request releases the outputs at its end: otherwise each new output would copy
    /// all of them.
    private func preview(
        of declaration: Declaration, by driver: any Driver, given outputs: Outputs
    ) async throws -> (preview: Preview, label: String?) {
        let request = DriverRequest(
            declaration, survey, record, outputs, permissions, isReplaced: selection.replaces(declaration.address))
        var preview = try await driver.preview(request)
        if inspection != .fields, preview.decision.action != .create {
            let found = try await driver.inspect(request, inspection)
            preview.warnings += found.warnings
            preview.decision.fields += found.fields
            if !found.fields.isEmpty, preview.decision.action == .keep { preview.decision.action = .update }
        }
        return (preview, preview.decision.action == .create ? nil : request.member?.label)
    }

    private func changes(of removals: Removals, _ problems: inout [Diagnostic]) -> [Change] {
        problems += removals.all.compactMap(\.refusal)
        for member in removals.protected {
            problems.append(.protected(member.address, "deleted", label: member.label))
        }
        if workflow.graph.addresses.isEmpty, !removals.all.isEmpty, !permissions.allowEmpty {
            problems.append(.nothingDeclared(workflow.stack, count: removals.all.count))
        }
        return removals.all.map { removal in
            var change = Change(
                removal.member.address, removal.action, label: removal.member.label,
                note: removal.reasonToKeep.map { "kept: \($0)" }
                    ?? (removal.member.isStale ? "left over from an interrupted or replaced one" : nil),
                fingerprint: drivers[removal.member.address.kind]?.fingerprint(removal.member, leaving: .none))
            change.isLeftOver = removal.member.isStale
            return change
        }
    }
}

extension Diagnostic {
    /// The same with the declaration's place and address, where it has none of its own.
    package func locating(_ declaration: Declaration) -> Diagnostic {
        var located = self
        located.subject = subject ?? declaration.range
        located.address = address ?? declaration.address.description
        return located
    }

    fileprivate static func unmarked(_ label: String) -> Diagnostic {
        Diagnostic(
            "not-ours", "An object without drover's mark has the wanted name",
            detail: "\(label) was applied for this declaration, and somebody removed drover's mark from it.",
            fix: "Adopt it to make it part of this stack again, or give the declaration another `name`.",
            cause: .conflict)
    }

    fileprivate static func moveBlocked(_ moved: Member, by present: Member) -> Diagnostic {
        Diagnostic(
            "move-blocked", "The new name is taken",
            detail: "\(moved.label) is to get the name of \(present.label), which is not a part of this stack.",
            fix:
                "Give the declaration another `name`, such as the one that it had, or remove or rename the other object.",
            cause: .conflict)
    }

    fileprivate static func notMoved(_ holder: Member, to declaration: Declaration) -> Diagnostic {
        Diagnostic(
            "not-moved", "A name that something of this stack still has",
            detail:
                "`\(declaration.address)` is to be made with the name of \(holder.label), which is `\(holder.address)` "
                + "of this stack and is not declared any more.",
            fix:
                "Write `moved: \(holder.address.name)` in `\(declaration.address)` if it only has another name in the spec "
                + "now, or give it another `name`.", cause: .conflict)
    }

    /// - Parameter isDestroyed: Whether a part of the stack is destroyed, whatever the spec declares.
    fileprivate static func stillInUse(_ removal: Removals.Removal, isDestroyed: Bool) -> Diagnostic {
        let (member, reason) = (removal.member, removal.reasonToKeep ?? "")
        return Diagnostic(
            "still-in-use", isDestroyed ? "What is in use stays" : "What left the spec stays for now",
            detail: "`\(member.address)` (\(member.label)) "
                + (isDestroyed ? "stays: \(reason)." : "is no longer declared, and stays: \(reason)."),
            fix: isDestroyed
                ? removal.usage?.remedy ?? "Destroy it again once that is over."
                : "Nothing has to be done: it goes once that is over.",
            address: member.address.description, severity: .warning)
    }

    fileprivate static func nothingDeclared(_ stack: StackName, count: Int) -> Diagnostic {
        Diagnostic(
            "nothing-declared", "The spec declares nothing",
            detail: "Applying it would remove all \(count) objects of the stack `\(stack)`.",
            fix: "Use `drover destroy`, or allow it if that is what you want.", cause: .protected)
    }
}
