import Engine
import Language
import Wire

/// The versions that releases keep usable, by registered model: where an alias is, or may be, and so many of those
/// where it was before as the release says.
struct RetainedVersions: Sendable {
    private var numbers: [String: Set<Int>] = [:]
    /// The aliases that go with the releases that are deleted, or stand elsewhere from then on.
    private var freed: [String: Set<String>] = [:]
    /// The places of all aliases that releases of the stack move.
    private var places: Set<String> = []

    /// - Parameters:
    ///   - counts: How many old versions each declared release keeps, by its name; others keep two.
    ///   - beforehand: What is done before. A version that is still to be made has no number yet; releases that are deleted
    ///     keep nothing.
    init(
        _ models: [MLflowRegisteredModel], of stack: StackName, counts: [String: Int],
        after beforehand: Beforehand = Beforehand()
    ) {
        let promotions = Dictionary(
            beforehand.promotions.flatMap { each in [each.place, each.former].compactMap(\.self).map { ($0, each) } }
        ) { first, _ in first }
        for model in models {
            for (key, text) in model.tags where key.hasPrefix(ReleaseState.tagPrefix) {
                guard let state = ReleaseState(text), state.stack == stack.name else { continue }
                let release = Address(ReleaseResource.kind, state.release)
                guard !beforehand.forgotten.contains(release) else { continue }
                let live = ReleaseResource.Live(String(key.dropFirst(ReleaseState.tagPrefix.count)), of: model, state)
                let promotion = promotions[live.place]
                places.insert(live.place)
                let isDeleted = beforehand.removed.contains(release) || beforehand.left.contains(live.place)
                // One that somebody else moved stays where it is.
                if isDeleted || promotion?.leaves(live) == true, state.knows(live.version) {
                    freed[model.name, default: []].insert(live.alias)
                }
                guard !isDeleted, let kept = state.after(promotion, at: live) else { continue }
                numbers[model.name, default: []].formUnion(
                    kept.retained(counts[promotion?.release.name ?? state.release] ?? 2))
            }
        }
    }

    func holds(_ version: Int, of model: String) -> Bool {
        numbers[model]?.contains(version) ?? false
    }

    /// Whether a release of the stack moves an alias so far.
    func isMoved(_ place: String) -> Bool { places.contains(place) }

    /// Whether an alias goes with its release.
    func frees(_ alias: String, of model: String) -> Bool {
        freed[model]?.contains(alias) ?? false
    }
}

extension Promotion {
    /// Whether the alias is not there any more, because it has another name, or stands in another registered model.
    fileprivate func leaves(_ live: ReleaseResource.Live) -> Bool {
        former == live.place && !keeps(live)
    }

    /// Whether the release begins anew elsewhere, and nothing that is known of it here goes along.
    fileprivate func ends(_ live: ReleaseResource.Live) -> Bool {
        leaves(live) && !place.isAlias(of: live.model)
    }

    /// Whether the alias stands as long as nobody has approved what waits in another registered model.
    fileprivate func keeps(_ live: ReleaseResource.Live) -> Bool {
        isProposal && former == live.place && live.version != nil && !place.isAlias(of: live.model)
    }
}

extension ReleaseState {
    /// What is known of a release once it was promoted; nil where that is no more.
    fileprivate func after(_ promotion: Promotion?, at live: ReleaseResource.Live) -> ReleaseState? {
        guard let promotion, !promotion.keeps(live) else { return self }
        guard !promotion.ends(live) else { return nil }
        var state = self
        let entry = Entry(version: promotion.version ?? .max, digest: "", at: "", by: "")
        if promotion.isReturn { return state.back(at: entry, from: live.version) }
        if promotion.isProposal { state.awaiting = entry } else { state.promote(entry) }
        return state
    }
}

extension Workflow {
    /// How many old versions each declared release keeps, by its name.
    var retainedCounts: [String: Int] {
        let named = specs(of: ReleaseSpec.self).map { ($0.declaration.address.name, $0.spec.retain) }
        // What is to have another name may still have its old one.
        let former = specs(of: ReleaseSpec.self).compactMap { declaration, release in
            declaration.oldAddress.map { ($0.name, release.retain) }
        }
        return Dictionary(named + former) { first, _ in first }
    }
}
