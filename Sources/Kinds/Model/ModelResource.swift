package import Engine
import Language
package import Wire

/// Declared models. Where models are registered through the API and the spec names a provider, they are our objects,
/// marked in their metadata; everywhere else they are names for what the server offers, checked and never part of a
/// plan.
package struct ModelResource: Resource {
    package static let kind = "models"
    package static let onDelete = OnDelete.delete
    package static let isReplaceable = true

    /// A model as others use it.
    package struct Desired: Sendable {
        /// The server's id.
        var id: String
        /// The dimension of its vectors; nil when it is unknown.
        var dimension: Int?
        /// The fields of its registration; nil when it is only checked.
        var draft: LlamaStack.Models.Draft?
    }

    let server: LlamaStack
    private let models: ModelListing
    private let providers: ProviderListing
    private let stack: StackName
    /// The ids of the models that the spec itself names.
    private let named: NamedIDs?
    /// The ids of the models that versions with an alias answer with, or the spec names.
    private let inUse: InUse

    init(
        _ server: LlamaStack, models: ModelListing, providers: ProviderListing, stack: StackName,
        named: NamedIDs? = nil, inUse: @escaping InUse
    ) {
        self.named = named
        self.inUse = inUse
        self.stack = stack
        self.server = server
        self.models = models
        self.providers = providers
    }

    private var naming: Capabilities.ModelNaming {
        server.capabilities.modelNaming
    }

    package func discover(
        _ wanted: [Address: ModelSpec], of stack: StackName
    ) async throws -> [Discovered<LlamaStack.Model>] {
        try await discover(wanted, of: stack, knowing: AwaitedRecord(Record()))
    }

    package func discover(
        _ wanted: [Address: ModelSpec], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Discovered<LlamaStack.Model>] {
        guard server.capabilities.offers(.modelRegistration) else { return [] }
        let ids = Dictionary(wanted.map { ($1.registeredID(naming), $0) }) { first, _ in first }
        let claims = Claims(stack, Self.kind, wantedByName: ids)
        var found: [Discovered<LlamaStack.Model>] = []
        let wantedIDs = wantedIDs(wanted)
        let listed = try await models.relist()
        let cutOff = CutOffRegistrations(try await record.value())
        for model in listed where !cutOff.hold(model, ofStack: stack) {
            guard let claim = claims.claim(model.tags, name: model.id) else { continue }
            // The leftover of a replacement with another id.
            let isStale = claim.ownership == .ours && wantedIDs[claim.address].map { $0 != model.id } ?? false
            found.append(
                Discovered(claim.address, claim.ownership, model, label: "model \(model.id)", isStale: isStale))
        }
        let left = cutOff.found(among: listed, wantedByID: ids, declared: Set(wanted.keys), of: stack)
        found += left.filter { !$0.isStale }
        let counting = keepingOne(found, butFor: try await checkedOnly(wanted))
        return try await (claims.sorted(counting) + left.filter(\.isStale))
            .holding(inUse, whereWanted: { wanted[$0] != nil }, id: \.id)
    }

    /// The declarations of what the server itself has, by their addresses and those that they had before: nothing counts there
    /// that was registered with another id.
    private func checkedOnly(_ wanted: [Address: ModelSpec]) async throws -> Set<Address> {
        var addresses: Set<Address> = []
        for (address, spec) in wanted {
            if let provider = spec.provider?.value,
                try await !isOffered(registration(of: spec, by: provider))
            {
                continue
            }
            addresses.insert(address)
            if let old = spec.common.moved.map({ Address(Self.kind, $0.value) }), wanted[old] == nil {
                addresses.insert(old)
            }
        }
        return addresses
    }

    package func reasonsToWait(
        _ lives: [LlamaStack.Model], after removed: Set<Address>
    ) async throws -> [Usage?] {
        let used = try await inUse(Beforehand(removed: removed))
        return lives.map {
            named?.usage(of: $0.id, after: removed) ?? used.usage(of: $0.id, "answers with", "answer with")
        }
    }

    package func areUsed(_ lives: [LlamaStack.Model], after beforehand: Beforehand) async throws -> [Bool] {
        let used = try await inUse(beforehand)
        return lives.map { used.contains($0.id) }
    }

    package static let importKey: String? = "the model's id"

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<LlamaStack.Model>? {
        guard server.capabilities.offers(.modelRegistration) else { return nil }
        return try await models.relist().first { $0.id.isExactly(id) }.map {
            Discovered(named: id, Self.kind, $0, $0.tags, of: stack, label: "model \($0.id)")
        }
    }

    /// The ids that the models of this stack are to have, by the addresses that they have or had before.
    private func wantedIDs(_ wanted: [Address: ModelSpec]) -> [Address: String] {
        var ids: [Address: String] = [:]
        for (address, spec) in wanted {
            ids[address] = spec.registeredID(naming)
            guard let old = spec.common.moved.map({ Address(Self.kind, $0.value) }), wanted[old] == nil else {
                continue
            }
            ids[old] = spec.registeredID(naming)
        }
        return ids
    }

    /// Of each address one model counts: that with the wanted id, and while that does not exist, the first of the others,
    /// which are left over.
    private func keepingOne(
        _ found: [Discovered<LlamaStack.Model>], butFor checkedOnly: Set<Address>
    ) -> [Discovered<LlamaStack.Model>] {
        var counting: [Address: String] = [:]
        let ours = found.filter { $0.ownership == .ours && !($0.isStale && checkedOnly.contains($0.address)) }
        for each in ours.filter({ !$0.isStale }) + ours where counting[each.address] == nil {
            counting[each.address] = each.live.id
        }
        return found.map { each in
            guard each.ownership == .ours else { return each }
            return Discovered(
                each.address, each.ownership, each.live, label: each.label,
                isStale: counting[each.address] != each.live.id)
        }
    }

    /// - Throws: `Diagnostic` with the nearest names when the server does not offer a model that is only checked.
    package func desired(
        _ spec: ModelSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        if let provider = spec.provider, server.capabilities.offers(.modelRegistration) {
            let desired = registration(of: spec, by: provider.value)
            if try await isOffered(desired) { return Wanted(Desired(id: desired.id, dimension: desired.dimension)) }
            let warning = try await providers.require(
                provider.value, of: "inference", for: "models", at: provider.range)
            return Wanted(desired, warnings: warning.map { [$0] } ?? [])
        }
        let purpose = spec.isEmbedding ? "to embed with" : "to answer with"
        let model: LlamaStack.Model?
        do {
            model = try await models.require(oneOf: ids(of: spec), called: spec.id, for: purpose)
        } catch let unchecked as Unchecked {
            return Wanted(
                Desired(id: spec.id.value, dimension: spec.dimension), warnings: [unchecked.warning])
        }
        try spec.check(model?.embeddingDimension)
        return Wanted(
            Desired(id: model?.id ?? spec.id.value, dimension: spec.dimension ?? model?.embeddingDimension))
    }

    /// The ids that a model may have on a server whose models are configured.
    private func ids(of spec: ModelSpec) -> [String] { spec.ids(naming) }

    private func registration(of spec: ModelSpec, by provider: String) -> Desired {
        var metadata = spec.metadata?.object ?? [:]
        metadata["embedding_dimension"] = spec.dimension.map { .integer($0) } ?? metadata["embedding_dimension"]
        return Desired(
            id: spec.registeredID(naming), dimension: spec.dimension,
            draft: .init(
                id: spec.id.value, provider: provider, providerModel: spec.providerModel ?? spec.id.value,
                type: spec.isEmbedding ? "embedding" : "llm", metadata: metadata))
    }

    /// Whether the server itself has the model, exactly as declared: then it is neither registered nor removed.
    private func isOffered(_ desired: Desired) async throws -> Bool {
        guard let model = try await models.list().first(where: { $0.id == desired.id }), Mark(model.tags) == nil,
            model.tags[Mark.retainedKey] != stack.name
        else { return false }
        return differences(between: model, and: desired, since: [:]).isEmpty
    }

    package func leaving(_ left: LeftFields, of desired: Desired, as live: LlamaStack.Model) -> Desired {
        guard var draft = desired.draft else { return desired }
        let dimension = draft.metadata["embedding_dimension"]  // A field of its own.
        draft.metadata = left.removed(from: draft.metadata, in: "metadata")
        draft.metadata["embedding_dimension"] = dimension
        var kept = desired
        kept.draft = draft
        return kept
    }

    package func differences(
        between live: LlamaStack.Model, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last).map { change in
            var change = change
            change.forcesReplacement = true  // No server can change a model.
            return change
        }
    }

    package func fields(of live: LlamaStack.Model) -> AppliedFields {
        var fields = Self.fields(
            id: live.id, live.provider, live.providerModel, live.type,
            live.metadata.filter { !Mark.keys.contains($0.key) })
        fields["dimension"] = live.embeddingDimension.map { .integer($0) }
        return fields
    }

    package func fields(of desired: Desired) -> AppliedFields {
        guard let draft = desired.draft else { return ["id": .string(desired.id)] }
        var fields = Self.fields(id: desired.id, draft.provider, draft.providerModel, draft.type, draft.metadata)
        fields["dimension"] = draft.metadata["embedding_dimension"]
        return fields
    }

    package func identity(of desired: Desired) -> AppliedFields { fields(of: desired) }

    private static func fields(
        id: String, _ provider: String?, _ providerModel: String?, _ type: String?, _ metadata: [String: Value]
    ) -> AppliedFields {
        var fields: AppliedFields = ["id": .string(id)]
        fields["provider"] = provider.map { .string($0) }
        fields["providerModel"] = providerModel.map { .string($0) }
        fields["type"] = type.map { .string($0) }
        for (key, value) in metadata where key != "embedding_dimension" { fields["metadata.\(key)"] = value }
        return fields
    }

    package func inlineOutputs(of desired: Desired) -> [String: Output]? {
        desired.draft == nil ? Self.outputs(id: desired.id, dimension: desired.dimension) : nil
    }

    /// Servers before 0.3 answer a registration as if it had succeeded, whatever exists: it is read back.
    package func create(
        _ desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Model {
        guard var draft = desired.draft else {
            preconditionFailure("A model that is only checked is never registered.")
        }
        for (key, value) in Mark(stack: context.stack, address: address).tags { draft.metadata[key] = .string(value) }
        try await server.models.register(draft)
        let listed = try await server.models.list()
        guard let model = listed.first(where: { $0.id == desired.id }),
            differences(between: model, and: desired, since: [:]).isEmpty
        else { throw Diagnostic.notRegistered("model", desired.id, server.endpoint.base) }
        // Another model that an interrupted run left unregistered is put back later.
        if let intent = context.intent, CutOffRegistrations.isSettled(intent, among: listed) {
            try await context.record.close(intentOf: address)
        }
        return model
    }

    package func update(
        _ live: LlamaStack.Model, to desired: Desired, since last: AppliedFields, at address: Address,
        in context: ApplyContext
    ) async throws -> LlamaStack.Model {
        if context.intent != nil { try await context.record.close(intentOf: address) }
        return live
    }

    /// With the same id, the old one is unregistered first; with another one, it stays until everything else is done.
    package func isMadeBeside(_ live: LlamaStack.Model, _ desired: Desired) -> Bool { live.id != desired.id }

    package func replace(
        _ live: LlamaStack.Model, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Model {
        guard live.id == desired.id else { return try await create(desired, at: address, in: context) }
        try await server.models.unregister(live.id)
        return try await replacing {
            try await create(desired, at: address, in: context)
        } restoring: {
            try await server.models.register(live.draft(live.metadata))
        }
    }

    package func delete(_ live: LlamaStack.Model, at address: Address, in context: ApplyContext) async throws {
        try await server.models.unregister(live.id)
        if context.intent != nil { try await context.record.close(intentOf: address) }
    }

    package func outputs(of live: LlamaStack.Model) -> [String: Output] {
        Self.outputs(id: live.id, dimension: live.embeddingDimension)
    }

    package func outputs(ofCreating desired: Desired) -> [String: Output]? {
        Self.outputs(id: desired.id, dimension: desired.dimension)
    }

    private static func outputs(id: String, dimension: Int?) -> [String: Output] {
        var outputs: [String: Output] = ["id": .string(id)]
        outputs["dimension"] = dimension.map { .integer($0) }
        return outputs
    }
}

extension LlamaStack.Model {
    /// The metadata with text values, among them the mark.
    fileprivate var tags: [String: String] {
        metadata.compactMapValues(\.string)
    }
}

extension ModelSpec {
    /// The id of a model with a provider on a server.
    func registeredID(_ naming: Capabilities.ModelNaming) -> String {
        guard let provider else { return id.value }
        return switch naming {
        case .asGiven: id.value
        case .byProviderModel: "\(provider.value)/\(providerModel ?? id.value)"
        case .byProviderAndID: "\(provider.value)/\(id.value)"
        }
    }

    /// The ids that it may have on a server, each once, the likeliest first.
    func ids(_ naming: Capabilities.ModelNaming) -> [String] {
        guard let provider = provider?.value else { return [id.value] }
        let named = [id.value, registeredID(naming), "\(provider)/\(providerModel ?? id.value)"]
        return named.enumerated().filter { named.firstIndex(of: $1) == $0 }.map(\.element)
    }

    var isEmbedding: Bool {
        type.map { $0.value == "embedding" } ?? (dimension != nil)
    }

    /// - Throws: `Diagnostic` when the server reports another dimension.
    fileprivate func check(_ offered: Int?) throws(Diagnostic) {
        guard let dimension, let offered, dimension != offered else { return }
        throw Diagnostic(
            "wrong-dimension", "A dimension that the model does not have",
            detail: "The vectors of `\(id.value)` have \(offered) numbers on this server, not \(dimension).",
            fix: "Write `dimension: \(offered)`, or leave it out.", at: id.range, cause: .lacking)
    }
}

extension Diagnostic {
    /// A registration that the server confirmed, but that does not exist.
    static func notRegistered(_ noun: String, _ id: String, _ base: String) -> Diagnostic {
        Diagnostic(
            "not-registered", "A registration without effect",
            detail:
                "The server at \(base) answered the registration of the \(noun) `\(id)` as done, but what it lists is "
                + "not what was registered.",
            fix: "See the server's log, and run it again; somebody else may have registered it meanwhile.",
            cause: .incomplete)
    }
}
