import Language

/// The driver of one resource.
package struct ResourceDriver<R: Resource>: Driver {
    let resource: R

    package init(_ resource: R) {
        self.resource = resource
    }

    package var kind: String { R.kind }
    package var onDelete: OnDelete { R.onDelete }
    package var isKnownByRecord: Bool { resource.isKnownByRecord }
    package var listsKeys: Bool { resource.listsKeys }
    package var promotes: Bool { R.promotes }
    package var makesVersions: Bool { R.makesVersions }
    package var hasUniqueNames: Bool { R.hasUniqueNames }

    package func discover(
        _ declarations: [Declaration], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Member] {
        try await resource.discover(specs(of: declarations), of: stack, knowing: record).map(Self.member)
    }

    package func discoverOthers(_ missing: [Declaration], of stack: StackName) async throws -> [Member] {
        try await resource.discoverOthers(specs(of: missing), of: stack).map(Self.member)
    }

    private func specs(of declarations: [Declaration]) -> [Address: R.Spec] {
        var specs: [Address: R.Spec] = [:]
        for declaration in declarations { specs[declaration.address] = declaration.spec as? R.Spec }
        return specs
    }

    private static func member(_ found: Discovered<R.Live>) -> Member {
        Member(
            address: found.address, ownership: found.ownership, label: found.label, isStale: found.isStale,
            isSetAside: found.isSetAside, isHeld: found.isHeld, live: found.live)
    }

    package func preview(_ request: DriverRequest) async throws -> Preview {
        let (wanted, decision) = try await decide(request)
        let remainders = remainders(of: request, beside: wanted.desired)
        var preview = Preview(
            decision: decision, outputs: outputs(after: decision, wanted, request),
            draft: resource.draft(of: wanted.desired), unknown: wanted.unknown, warnings: wanted.warnings,
            identity: { [resource] in resource.identity(of: wanted.desired) },
            isNewFirst: decision.action == .replace
                && live(request.member).map { resource.isMadeBeside($0, wanted.desired) } ?? false)
        preview.remaining = remainders.used.map { each in
            Member(
                address: request.declaration.address, ownership: .ours, label: each.label, isStale: true, isHeld: true,
                live: each.live)
        }
        if decision.action == .update, decision.fields.allSatisfy({ $0.path == remainders.field }) {
            preview.lettingGo = remainders.unused
        }
        return preview
    }

    /// Only what is ours is known to have left something.
    private func remainders(of request: DriverRequest, beside desired: R.Desired) -> Remainders<R.Live> {
        guard let live = live(request.member), request.member?.ownership == .ours else { return Remainders() }
        return resource.remainders(of: live, beside: desired)
    }

    package func inspect(_ request: DriverRequest, _ inspection: Inspection) async throws -> Inspected {
        guard let live = live(request.member), request.member?.ownership == .ours else { return Inspected() }
        let (wanted, _) = try await decide(request)
        return try await resource.inspect(
            live, as: kept(wanted.desired, as: live, request), at: request.declaration.address, inspection)
    }

    private func outputs(
        after decision: Decision, _ wanted: Wanted<R.Desired>, _ request: DriverRequest
    ) -> [String: Output]? {
        if let outputs = resource.inlineOutputs(of: wanted.desired) {
            return wanted.unknown.isEmpty ? outputs : nil
        }
        switch (decision.action, live(request.member)) {
        case (.keep, let live?): return resource.outputs(of: live, as: kept(wanted.desired, as: live, request))
        case (.update, let live?), (.adopt, let live?):
            return resource.outputs(ofUpdating: live, to: kept(wanted.desired, as: live, request))
        case _: return resource.outputs(ofCreating: wanted.desired)
        }
    }

    package func apply(
        _ request: DriverRequest, in context: ApplyContext, onDecision: @Sendable (Decision) throws -> Void
    ) async throws -> Step {
        let (wanted, decision) = try await decide(request)
        try onDecision(decision)
        guard wanted.unknown.isEmpty else { throw Diagnostic.stillUnknown(request.declaration.address, wanted.unknown) }
        if let outputs = resource.inlineOutputs(of: wanted.desired) {
            return Step(action: .keep, outputs: outputs, fields: [:], changes: [])
        }
        let live = try await act(decision, wanted.desired, request, context)
        let isNew = [.create, .replace].contains(decision.action)
        let desired = isNew ? wanted.desired : kept(wanted.desired, as: live, request)
        let left = request.declaration.spec.common.left
        return Step(
            action: decision.action, outputs: resource.outputs(of: live, as: desired),
            fields: left.removed(from: resource.fields(of: desired, as: live)), changes: decision.fields)
    }

    /// What is wanted of an object that is there, without what is left to others.
    private func kept(_ desired: R.Desired, as live: R.Live, _ request: DriverRequest) -> R.Desired {
        resource.leaving(request.declaration.spec.common.left, of: desired, as: live)
    }

    private func act(
        _ decision: Decision, _ desired: R.Desired, _ request: DriverRequest, _ context: ApplyContext
    ) async throws -> R.Live {
        let address = request.declaration.address
        guard let live = live(request.member) else {
            return try await resource.create(desired, at: address, in: context)
        }
        let kept = kept(desired, as: live, request)
        let last = request.declaration.spec.common.left.removed(from: last(request, for: desired))
        switch decision.action {
        case .keep, .delete, .forget, .check: return live
        case .create: return try await resource.create(desired, at: address, in: context)
        case .replace: return try await resource.replace(live, with: desired, at: address, in: context)
        case .update, .promote, .propose:
            let isMoved = request.member?.address != address || request.member?.ownership != .ours
            let marked = isMoved ? try await resource.mark(live, as: address, in: context) : live
            return try await resource.update(marked, to: kept, since: last, at: address, in: context)
        case .adopt:
            let marked = try await resource.mark(live, as: address, in: context)
            guard !decision.fields.isEmpty else { return marked }
            return try await resource.update(marked, to: kept, since: last, at: address, in: context)
        }
    }

    package func remove(_ member: Member, action: Action, in context: ApplyContext) async throws {
        guard let live = live(member) else { return }
        switch action {
        case .forget: try await resource.forget(live, at: member.address, in: context)
        case .keep, .adopt, .create, .update, .replace, .delete, .check, .promote, .propose:
            try await resource.delete(live, at: member.address, in: context)
        }
    }

    package func reasonToKeep(
        _ member: Member, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? {
        guard let live = live(member) else { return nil }
        return try await resource.reasonToKeep(live, of: stack, forgetting: forgotten)
    }

    package func reasonsToWait(_ members: [Member], after removed: Set<Address>) async throws -> [Usage?] {
        let lives = members.compactMap(live)
        precondition(lives.count == members.count, "A driver is asked about what it found.")
        return try await resource.reasonsToWait(lives, after: removed)
    }

    package func outputs(of member: Member) -> [String: Output] {
        live(member).map(resource.outputs(of:)) ?? [:]
    }

    package func fields(of member: Member) -> AppliedFields {
        live(member).map(resource.fields(of:)) ?? [:]
    }

    package var importKey: String? { R.importKey }

    package func find(_ id: String, of stack: StackName) async throws -> Member? {
        try await resource.find(id, of: stack).map(Self.member)
    }

    package func mark(_ member: Member, as address: Address, in context: ApplyContext) async throws -> AppliedFields {
        guard let live = live(member) else { return [:] }
        let marked = try await resource.mark(live, as: address, in: context)
        guard isKnownByRecord, let key = resource.fields(of: marked)["id"] else { return [:] }
        return ["id": key]
    }

    func decide(_ request: DriverRequest) async throws -> (Wanted<R.Desired>, Decision) {
        let address = request.declaration.address
        guard let spec = request.declaration.spec as? R.Spec else {
            preconditionFailure("The declaration of \(address) has the spec of another kind.")
        }
        if let member = request.member, !member.rivals.isEmpty, !request.permissions.looksAtFirst,
            member.isTakenWhere(request.permissions)
        {
            throw Diagnostic.ambiguous(address, [member.label] + member.rivals)
        }
        var wanted = try await resource.desired(spec, at: address, given: request.outputs)
        let found = request.member.flatMap { member in
            live(member).map { Discovered(member.address, member.ownership, $0, label: member.label) }
        }
        var decision = try resource.decide(
            wanted, found, since: last(request, for: wanted.desired), at: address, common: spec.common,
            permissions: request.permissions)
        if let found, found.ownership == .ours {
            wanted.warnings += try resource.remarks(
                on: found.live, as: wanted.desired, permissions: request.permissions)
        }
        if let found, found.address != address, decision.action == .keep || decision.action == .update {
            decision.action = .update
            decision.fields.insert(
                FieldChange(
                    "address", old: .string(found.address.description), new: .string(address.description),
                    note: "moved from `\(found.address)`"), at: 0)
        }
        let isInline = resource.inlineOutputs(of: wanted.desired) != nil
        if request.isReplaced, found != nil, !isInline, ![.create, .replace].contains(decision.action) {
            guard R.isReplaceable else { throw Diagnostic.notReplaceable(address) }
            if spec.common.protect { throw Diagnostic.protected(address, "replaced", label: found?.label ?? "") }
            decision.action = .replace
            decision.fields.append(FieldChange("replacement", forcesReplacement: true, note: "asked for"))
        }
        if request.isInterrupted, decision.action == .keep {
            decision.action = .update
            decision.fields = [FieldChange("interrupted", note: "an earlier run was cut off here: it is cleaned up")]
        }
        if R.promotes, [.create, .update, .adopt].contains(decision.action) {
            if decision.fields.contains(where: \.isPromotion) { decision.action = .promote }
            if decision.fields.contains(where: \.isProposal) { decision.action = .propose }
        }
        return (wanted, decision)
    }

    /// The fields that were applied last. What an apply was about to write when it was cut off, and is still wanted,
    /// may never have been written: that it is missing is no drift. What is no longer wanted counts as written by
    /// drover only where it is as it was announced.
    private func last(_ request: DriverRequest, for desired: R.Desired) -> AppliedFields {
        guard !request.pending.isEmpty else { return request.last }
        let wanted = resource.fields(of: desired)
        let present = live(request.member).map(resource.fields(of:)) ?? [:]
        return request.last.filter { path, value in
            guard request.pending.contains(path) else { return true }
            return wanted[path] == nil ? present[path] == value : wanted[path] != value
        }
    }

    func live(_ member: Member?) -> R.Live? {
        member?.live as? R.Live
    }
}

extension Diagnostic {
    fileprivate static func ambiguous(_ address: Address, _ labels: [String]) -> Diagnostic {
        Diagnostic(
            "ambiguous-adoption", "Several objects have the wanted name",
            detail: "`\(address)` could be any of \(labels.listed).",
            fix: "Choose one with `drover import \(address) ID`, or rename or remove all but one of them.",
            address: address.description, cause: .conflict)
    }

    fileprivate static func notReplaceable(_ address: Address) -> Diagnostic {
        Diagnostic(
            "not-replaceable", "A kind that is never replaced",
            detail:
                "`\(address)` cannot be replaced: objects of its kind keep what was done with them, and change in place.",
            fix: "Leave its replacement out; give it another `name` to have a new one beside it.",
            address: address.description, cause: .usage)
    }

    /// A declaration without an available server that can hold it.
    static func noDriver(_ declaration: Declaration) -> Diagnostic {
        Diagnostic(
            "no-server", "No server for a declaration",
            detail: "`\(declaration.address)` is declared, and no server that could hold it is connected.",
            fix: "Name the server in `servers`, or take the declaration out.", at: declaration.range,
            address: declaration.address.description, cause: .lacking)
    }

    fileprivate static func stillUnknown(_ address: Address, _ paths: Set<String>) -> Diagnostic {
        Diagnostic(
            "still-unknown", "A value is not known after apply",
            detail: "`\(address)` needs \(paths.sorted().listed), and what it depends on did not give it. "
                + "This is a bug in drover.",
            address: address.description, cause: .unexpected)
    }
}
