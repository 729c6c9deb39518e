import Engine
import Language

/// What drover knows of an alias that it moves: the tag `drover.release.ALIAS` of the registered model.
///
///     {"promoted":[{"at":"2026-06-01T12:00:00Z","by":"ann","digest":"9f86…","version":3}],"release":"production",
///      "stack":"helpdesk"}
package struct ReleaseState: Sendable, Hashable, Codable {
    static let tagPrefix = "drover.release."
    /// The maximum number of entries: they fit into the 5,000 characters that MLflow 3 takes for a tag of a registered
    /// model.
    private static let kept = 12
    /// The maximum length of a reason here; the history has all of it.
    static let reasonLimit = 100

    /// A version, and what became of it.
    package struct Entry: Sendable, Hashable, Codable {
        package var version: Int
        /// The logical digest of its agent.
        package var digest: String
        /// ISO 8601 in UTC.
        package var at: String
        package var by: String
        /// Why it was rolled back.
        package var reason: String?
    }

    package let stack: String
    package private(set) var release: String
    /// The versions that the alias was moved to, the latest last.
    package private(set) var promoted: [Entry] = []
    /// What the alias is just being moved to: a request may have been cut off.
    var moving: Int?
    /// What passed its gates and waits for `drover approve`.
    package var awaiting: Entry?
    /// What was rolled back, and is not promoted again.
    package private(set) var rejected: [Entry] = []
    /// Whether somebody deleted the alias, and that was accepted; nil stands for no.
    private var gone: Bool?

    init(stack: StackName, release: String) {
        self.stack = stack.name
        self.release = release
    }

    /// Reads a tag; nil for anything else.
    init?(_ text: String) {
        guard let state = try? Value(json: text.utf8).decoded(as: ReleaseState.self) else { return nil }
        self = state
    }

    private enum CodingKeys: String, CodingKey {
        case stack, release, promoted, moving, awaiting, rejected, gone
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        stack = try fields.decode(String.self, forKey: .stack)
        release = try fields.decode(String.self, forKey: .release)
        promoted = try fields.decodeIfPresent([Entry].self, forKey: .promoted) ?? []
        moving = try fields.decodeIfPresent(Int.self, forKey: .moving)
        awaiting = try fields.decodeIfPresent(Entry.self, forKey: .awaiting)
        rejected = try fields.decodeIfPresent([Entry].self, forKey: .rejected) ?? []
        gone = try fields.decodeIfPresent(Bool.self, forKey: .gone)
    }

    /// JSON with sorted keys.
    var text: String {
        get throws { try Value(encoding: self).canonicalJSON }
    }

    /// Whether somebody deleted the alias, and that was accepted.
    var isGone: Bool { gone == true }

    /// Whether the alias stands where drover put it, or may have been putting it.
    func knows(_ version: Int?) -> Bool {
        version == (isGone ? nil : promoted.last?.version) || (moving != nil && version == moving)
    }

    /// Whether it was rolled back, and is still the same: where its digest is not known, its version decides.
    func isRejected(_ version: Int?, _ digest: String) -> Bool {
        rejected.contains { $0.digest == digest || ($0.digest.isEmpty && $0.version == version) }
    }

    mutating func promote(_ entry: Entry) {
        if promoted.last?.version != entry.version { promoted = (promoted + [entry]).suffix(Self.kept) }
        if promoted.last?.digest.isEmpty == true { promoted[promoted.count - 1].digest = entry.digest }
        moving = nil
        awaiting = nil
        gone = nil
        rejected.removeAll { $0.digest == entry.digest || ($0.digest.isEmpty && $0.version == entry.version) }
    }

    /// The version that the alias stood at before the present one; nil when there was none.
    package var previous: Entry? {
        promoted.dropLast().last { $0.version != promoted.last?.version }
    }

    /// Notes that the alias goes back to the version before, and that the present one is not promoted again. While the
    /// alias is still at the present one, that is noted as `moving`.
    mutating func rollBack(to entry: Entry, rejecting present: Entry) {
        rejected = (rejected.filter { !$0.isSame(as: present) } + [present]).suffix(Self.kept)
        promoted.removeAll { $0.version == present.version }
        if promoted.last?.version != entry.version { promoted.append(entry) }
        awaiting = nil
        moving = present.version
    }

    /// The same once the alias, which stands at a version, or nowhere, has gone back: what it stood at is no longer kept.
    func back(at entry: Entry, from standing: Int?) -> ReleaseState {
        var state = self
        let present = isPromotionCutOff(standing) ? moving : promoted.last?.version
        if let present, present != entry.version { state.promoted.removeAll { $0.version == present } }
        if state.promoted.last?.version != entry.version { state.promoted.append(entry) }
        (state.awaiting, state.moving, state.gone) = (nil, nil, nil)
        return state
    }

    /// Whether a promotion was begun whose last note is missing, and the alias is there.
    func isPromotionCutOff(_ version: Int?) -> Bool {
        moving != nil && moving == version && promoted.last?.version != version && !isGoingBack
    }

    /// Whether going back was begun, and is not noted as done.
    var isGoingBack: Bool {
        moving != nil && promoted.last?.version != moving && rejected.contains { $0.version == moving }
    }

    /// Whether going back was begun, and the alias is not there yet.
    func isCutOff(_ version: Int?) -> Bool {
        moving == version && isGoingBack
    }

    mutating func unreject(_ entry: Entry) {
        rejected.removeAll { $0.isSame(as: entry) }
    }

    /// Takes over where somebody else put the alias; nil where they deleted it.
    mutating func accept(_ entry: Entry?) {
        if let entry { promoted = (promoted + [entry]).suffix(Self.kept) }
        gone = entry == nil ? true : nil
        moving = nil
    }

    /// The same under another declared name.
    func renamed(_ name: String) -> ReleaseState {
        var state = self
        state.release = name
        return state
    }

    /// The versions that stay usable: where the alias is or may be, and so many that it was at before.
    func retained(_ count: Int) -> Set<Int> {
        var versions = Set([moving, awaiting?.version, promoted.last?.version].compactMap(\.self))
        var old: [Int] = []
        for entry in promoted.dropLast().reversed() where !old.contains(entry.version) && old.count < count {
            old.append(entry.version)
        }
        versions.formUnion(old)
        return versions
    }
}

extension ReleaseState.Entry {
    /// Whether both stand for the same agent: without a digest, the version decides.
    fileprivate func isSame(as other: ReleaseState.Entry) -> Bool {
        digest == other.digest && (!digest.isEmpty || version == other.version)
    }
}
