/// A range of versions: from one of Llama Stack up to another, or open-ended, including OGX.
struct VersionSpan: Sendable, Hashable {
    /// As shown to users: `0.2.20`.
    let first: String
    /// nil when it includes OGX.
    let last: String?

    /// - Parameter last: nil when it includes OGX.
    init(_ first: String, to last: String? = nil) {
        self.first = first
        self.last = last
    }

    func contains(_ version: Version) -> Bool {
        version >= Version(first) && last.map { version <= Version($0) } ?? true
    }

    /// `Llama Stack 0.2 and 0.3`, `Llama Stack 0.3 to 0.7`, `Llama Stack since 0.6 and OGX`.
    var text: String {
        guard let last else { return "Llama Stack since \(first) and OGX" }
        let (start, end) = (Version(first), Version(last))
        let areNeighbours = start.major == end.major && start.minor + 1 == end.minor
        return "Llama Stack \(first) \(areNeighbours ? "and" : "to") \(last)"
    }
}
