import Engine
import Language
import Wire

/// The versions that releases keep usable, by registered model: where an alias is, or may be, and so many of those
/// where it was before as the release says.
struct RetainedVersions: Sendable {
    private var numbers: [String: Set<Int>] = [:]
    /// The aliases that go with the releases that are deleted.
    private var freed: [String: Set<String>] = [:]

    /// - Parameters:
    ///   - counts: How many old versions each declared release keeps, by its name; others keep two.
    ///   - beforehand: What is done before. A version that is still to be made has no number yet; releases that are deleted
    ///     keep nothing.
    init(
        _ models: [MLflowRegisteredModel], of stack: StackName, counts: [String: Int],
        after beforehand: Beforehand = Beforehand()
    ) {
        let promotions = Dictionary(beforehand.promotions.map { ($0.release.name, $0) }) { first, _ in first }
        for model in models {
            for (key, text) in model.tags where key.hasPrefix(ReleaseState.tagPrefix) {
                guard var state = ReleaseState(text), state.stack == stack.name else { continue }
                let release = Address(ReleaseResource.kind, state.release)
                guard !beforehand.forgotten.contains(release) else { continue }
                guard !beforehand.removed.contains(release) else {
                    let alias = String(key.dropFirst(ReleaseState.tagPrefix.count))
                    // One that somebody else moved stays where it is.
                    if state.knows(model.aliases[alias].flatMap { Int($0) }) {
                        freed[model.name, default: []].insert(alias)
                    }
                    continue
                }
                if let promotion = promotions[state.release] {
                    let entry = ReleaseState.Entry(version: promotion.version ?? .max, digest: "", at: "", by: "")
                    if promotion.isProposal { state.awaiting = entry } else { state.promote(entry) }
                }
                numbers[model.name, default: []].formUnion(state.retained(counts[state.release] ?? 2))
            }
        }
    }

    func holds(_ version: Int, of model: String) -> Bool {
        numbers[model]?.contains(version) ?? false
    }

    /// Whether an alias goes with its release.
    func frees(_ alias: String, of model: String) -> Bool {
        freed[model]?.contains(alias) ?? false
    }
}

extension Workflow {
    /// How many old versions each declared release keeps, by its name.
    var retainedCounts: [String: Int] {
        Dictionary(specs(of: ReleaseSpec.self).map { ($0.declaration.address.name, $0.spec.retain) }) { first, _ in
            first
        }
    }
}
