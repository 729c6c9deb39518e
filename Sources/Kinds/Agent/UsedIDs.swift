package import Engine
import Language

/// The ids of what versions with an alias use, once something was done.
package typealias InUse = @Sendable (Beforehand) async throws -> UsedIDs

/// The ids of what is in use, and the versions that use each.
package struct UsedIDs: Sendable {
    /// The URIs of the versions, by id; none where something else uses it.
    private var versions: [String: Set<String>] = [:]

    package init() {}

    mutating func add(_ id: String, by version: String) { versions[id, default: []].insert(version) }

    /// The same with ids that something else uses.
    func union(_ ids: Set<String>) -> UsedIDs {
        var all = self
        for id in ids { all.versions[id, default: []].formUnion([]) }
        return all
    }

    func contains(_ id: String) -> Bool { versions[id] != nil }

    /// Which versions use what has an id; nil where none does.
    /// - Parameters:
    ///   - verb: What one version does with it: `searches`.
    ///   - plural: What several do: `search`.
    func usage(of id: String, _ verb: String, _ plural: String) -> Usage? {
        guard let users = versions[id]?.sorted(), !users.isEmpty else { return nil }
        let reason =
            users.count == 1
            ? "\(users.listed), which an alias points at, or a release may go back to, \(verb) it"
            : "\(users.listed), which aliases point at, or releases may go back to, \(plural) it"
        return Usage(
            reason: reason,
            remedy: "Destroy the release of \(users.listed), too, or move or remove the alias that points there.")
    }
}
