package import Engine
import Language
package import Wire

/// Shields. They carry no mark, since their parameters belong to the provider: ours are those that the record names.
package struct ShieldResource: Resource {
    package static let kind = "shields"
    package static let onDelete = OnDelete.delete
    package static let isReplaceable = true
    package let isKnownByRecord = true
    package var listsKeys: Bool { server.capabilities.offers(.shields) }

    package struct Desired: Sendable {
        /// nil when the server does not support shields and the spec allows to skip it.
        var shield: LlamaStack.Shield?
    }

    private let server: LlamaStack
    private let providers: ProviderListing
    /// The ids of the shields of versions with an alias.
    private let inUse: InUse

    init(
        _ server: LlamaStack, providers: ProviderListing, inUse: @escaping InUse
    ) {
        self.server = server
        self.providers = providers
        self.inUse = inUse
    }

    package func reasonsToWait(
        _ lives: [LlamaStack.Shield], after removed: Set<Address>
    ) async throws -> [Usage?] {
        let used = try await inUse(Beforehand(removed: removed))
        return lives.map { used.usage(of: $0.id, "asks", "ask") }
    }

    package func discover(
        _ wanted: [Address: ShieldSpec], of stack: StackName
    ) async throws -> [Discovered<LlamaStack.Shield>] {
        try await discover(wanted, of: stack, knowing: AwaitedRecord(Record()))
    }

    package func discover(
        _ wanted: [Address: ShieldSpec], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Discovered<LlamaStack.Shield>] {
        let keys = RecordedKeys(Self.kind, try await record.value())
        guard server.capabilities.offers(.shields), !(wanted.isEmpty && keys.isEmpty) else { return [] }
        let names = Dictionary(wanted.map { ($1.id ?? $1.liveName(at: $0), $0) }) { first, _ in first }
        return try await keys.sorted(
            try await server.shields.list(), wanted: names, fields: fields(of:), label: { "shield \($0)" }
        ).holding(inUse, whereWanted: { wanted[$0] != nil }, id: \.id)
    }

    package func areUsed(_ lives: [LlamaStack.Shield], after beforehand: Beforehand) async throws -> [Bool] {
        let used = try await inUse(beforehand)
        return lives.map { used.contains($0.id) }
    }

    package static let importKey: String? = "the shield's id"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<LlamaStack.Shield>? {
        guard server.capabilities.offers(.shields) else { return nil }
        return try await server.shields.list().first { $0.id.isExactly(id) }.map {
            Discovered(Address(Self.kind, id), .unmarked, $0, label: "shield \($0.id)")
        }
    }

    /// - Throws: `Diagnostic` (`lacking`) when the server does not support shields and the spec does not allow to skip
    ///   it.
    package func desired(
        _ spec: ShieldSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        guard server.capabilities.offers(.shields) else {
            guard spec.mayBeSkipped else {
                throw server.capabilities.lacking(
                    .shields, for: "`\(address)`",
                    fix: "Use such a server, or say `ifUnsupported: skip` to go on without it.")
            }
            return Wanted(Desired(shield: nil), warnings: [.skipped(address, server.capabilities)])
        }
        let warning = try await providers.require(
            spec.provider.value, of: "safety", for: "shields", at: spec.provider.range)
        return Wanted(
            Desired(
                shield: .init(
                    id: spec.id ?? spec.liveName(at: address), provider: spec.provider.value,
                    providerShield: spec.providerShield, params: spec.params?.object ?? [:])),
            warnings: warning.map { [$0] } ?? [])
    }

    package func leaving(_ left: LeftFields, of desired: Desired, as live: LlamaStack.Shield) -> Desired {
        guard let shield = desired.shield else { return desired }
        return Desired(
            shield: .init(
                id: shield.id, provider: shield.provider, providerShield: shield.providerShield,
                params: left.removed(from: shield.params, in: "params")))
    }

    package func differences(
        between live: LlamaStack.Shield, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last).map { change in
            var change = change
            change.forcesReplacement = true  // No server can change a shield.
            return change
        }
    }

    package func fields(of desired: Desired) -> AppliedFields {
        desired.shield?.fields ?? [:]
    }

    package func identity(of desired: Desired) -> AppliedFields { fields(of: desired) }

    package func fields(of live: LlamaStack.Shield) -> AppliedFields {
        live.fields
    }

    package func inlineOutputs(of desired: Desired) -> [String: Output]? {
        desired.shield == nil ? ["isSkipped": true] : nil
    }

    /// Servers before 0.3 answer a registration as if it had succeeded, whatever exists: it is read back.
    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Shield {
        guard let wanted = desired.shield else { preconditionFailure("A shield that is skipped is never registered.") }
        try await server.shields.register(wanted)
        guard let shield = try await server.shields.list().first(where: { $0.id == wanted.id }),
            differences(between: shield, and: desired, since: [:]).isEmpty
        else { throw Diagnostic.notRegistered("shield", wanted.id, server.endpoint.base) }
        return shield
    }

    package func update(
        _ live: LlamaStack.Shield, to desired: Desired, since last: AppliedFields, at address: Address,
        in context: ApplyContext
    ) async throws -> LlamaStack.Shield {
        live  // Nothing can be changed; an open intent stays until what it names is gone.
    }

    package func isMadeBeside(_ live: LlamaStack.Shield, _ desired: Desired) -> Bool {
        desired.shield.map { $0.id != live.id } ?? false
    }

    package func replace(
        _ live: LlamaStack.Shield, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Shield {
        guard let wanted = desired.shield, wanted.id != live.id else {
            try await server.shields.unregister(live.id)
            return try await replacing {
                try await create(desired, at: address, in: context)
            } restoring: {
                try await server.shields.register(live)
            }
        }
        // Only the record shows that the new one is ours, and it is written at the end. The old one, which is still in
        // it, is unregistered after everything else.
        try await context.record.open(RecordedKeys.intent([live.id, wanted.id], after: context.intent), for: address)
        return try await create(desired, at: address, in: context)
    }

    package func delete(_ live: LlamaStack.Shield, at address: Address, in context: ApplyContext) async throws {
        try await server.shields.unregister(live.id)
    }

    /// The entry in the record is the mark.
    package func mark(
        _ live: LlamaStack.Shield, as address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Shield {
        live
    }

    package func forget(_ live: LlamaStack.Shield, at address: Address, in context: ApplyContext) async throws {}

    package func outputs(of live: LlamaStack.Shield) -> [String: Output] {
        ["id": .string(live.id)]
    }

    package func outputs(ofCreating desired: Desired) -> [String: Output]? {
        desired.shield.map { ["id": .string($0.id)] }
    }
}

extension LlamaStack.Shield {
    fileprivate var fields: AppliedFields {
        var fields: AppliedFields = ["id": .string(id), "provider": .string(provider)]
        fields["providerShield"] = providerShield.map { .string($0) }
        for (key, value) in params { fields["params.\(key)"] = value }
        return fields
    }
}

extension Diagnostic {
    fileprivate static func skipped(_ address: Address, _ capabilities: Capabilities) -> Diagnostic {
        Diagnostic(
            "shield-skipped", "A shield that is skipped",
            detail: "\(capabilities.product) \(capabilities.version) knows no shields, and `\(address)` says "
                + "`ifUnsupported: skip`: agents run without it.",
            fix: "Nothing has to be done.", address: address.description, severity: .warning)
    }
}
