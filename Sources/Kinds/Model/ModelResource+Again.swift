package import Engine
import Language
package import Wire

/// Models that are registered again with another mark: a model cannot be changed.
extension ModelResource {
    package func mark(
        _ live: LlamaStack.Model, as address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Model {
        var metadata = live.metadata
        for (key, value) in Mark(stack: context.stack, address: address).tags { metadata[key] = .string(value) }
        metadata[Mark.retainedKey] = nil
        return try await register(live, again: metadata, at: address, in: context)
    }

    package func forget(_ live: LlamaStack.Model, at address: Address, in context: ApplyContext) async throws {
        var metadata = live.metadata.filter { !Mark.keys.contains($0.key) }
        metadata[Mark.retainedKey] = .string(context.stack.name)
        _ = try await register(live, again: metadata, at: address, in: context)
    }

    /// Unregisters a model and registers it again; as it was, when the server refuses the new one. An intent contains
    /// it meanwhile.
    private func register(
        _ live: LlamaStack.Model, again metadata: [String: Value], at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.Model {
        try await context.record.open(CutOffRegistrations.intent(live, metadata), for: address)
        try await server.models.unregister(live.id)
        try await replacing {
            try await server.models.register(live.draft(metadata))
        } restoring: {
            try await server.models.register(live.draft(live.metadata))
        }
        let registered = try await server.models.list().first { $0.id == live.id }
        try await context.record.close(intentOf: address)
        return registered ?? live
    }
}

extension LlamaStack.Model {
    /// Its registration with other metadata.
    func draft(_ metadata: [String: Value]) -> LlamaStack.Models.Draft {
        .init(
            id: id, provider: provider ?? "", providerModel: providerModel ?? id, type: type ?? "llm",
            metadata: metadata)
    }
}

/// The models that an interrupted run was registering again, from the record: the server may no longer have them.
///
///     {"model": {"identifier": "p/m", "model_type": "llm", "provider_id": "p",
///                "provider_resource_id": "m", "metadata": {}}}
struct CutOffRegistrations {
    private var models: [Address: LlamaStack.Model] = [:]

    init(_ record: Record) {
        for (text, intent) in record.intents {
            // An intent that can no longer be read names no model.
            guard let address = Address(text: text), address.kind == ModelResource.kind,
                let model = try? intent["model"]?.decoded(as: LlamaStack.Model.self)
            else { continue }
            models[address] = model
        }
    }

    static func intent(_ live: LlamaStack.Model, _ metadata: [String: Value]) -> Value {
        let draft = live.draft(metadata)
        return [
            "model": [
                "identifier": .string(live.id), "model_type": .string(draft.type),
                "provider_id": .string(draft.provider), "provider_resource_id": .string(draft.providerModel),
                "metadata": .object(metadata),
            ]
        ]
    }

    /// Whether a model of a listing is one of these that was forgotten: that is still to be noted.
    func hold(_ model: LlamaStack.Model, ofStack stack: StackName) -> Bool {
        model.isForgotten(by: stack) && models.values.contains { $0.id == model.id }
    }

    /// Whether the model of an intent is there, or none can be read in it.
    static func isSettled(_ intent: Value, among listed: [LlamaStack.Model]) -> Bool {
        let model = try? intent["model"]?.decoded(as: LlamaStack.Model.self)
        return model.map { model in listed.contains { $0.id == model.id } } ?? true
    }

    /// Those that are not there, and those that were forgotten: kept ones, which are taken up again or forgotten to the end.
    /// Where their declaration names another model now, they are left over.
    func found(
        among listed: [LlamaStack.Model], wantedByID: [String: Address], declared: Set<Address>, of stack: StackName
    ) -> [Discovered<LlamaStack.Model>] {
        models.sorted { $0.key < $1.key }.compactMap { address, model in
            let live = listed.first { $0.id == model.id }
            if let live, !live.isForgotten(by: stack) { return nil }
            return Discovered(
                wantedByID[model.id] ?? address, .retained, live ?? model, label: "model \(model.id)",
                isStale: wantedByID[model.id] == nil && declared.contains(address))
        }
    }
}

extension LlamaStack.Model {
    /// Whether it has the tag of a retained object, and no mark.
    fileprivate func isForgotten(by stack: StackName) -> Bool {
        let tags = metadata.compactMapValues(\.string)
        return tags[Mark.retainedKey] == stack.name && Mark(tags) == nil
    }
}
