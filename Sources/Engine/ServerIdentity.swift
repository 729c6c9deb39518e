/// What tells one server from another: the record says which ones it is about.
package struct ServerIdentity: Sendable, Hashable, Codable {
    /// The part that a server has in a stack; a stack has one server for each.
    package enum Role: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
        case llamaStack, mlflow
    }

    /// The product, such as `OGX`.
    package var name: String
    /// Its base address, without credentials.
    package var url: String
    /// What the server tells of itself that stays when its address changes; nil when it tells nothing.
    package var instance: String?
    /// The part of the server that is meant; nil when it is not divided, or does not say.
    package var workspace: String?

    /// Other addresses that it is known to have, for a server that tells nothing else of itself; nil for none.
    package private(set) var aliases: [String]?

    package init(name: String, url: String, instance: String? = nil, workspace: String? = nil) {
        self.name = name
        self.url = url
        self.instance = instance
        self.workspace = workspace
    }

    /// Whether both are one server. What a server tells of itself counts more than its address: one server may have
    /// several.
    package func isSame(as other: ServerIdentity) -> Bool {
        if let workspace, let theirs = other.workspace, workspace != theirs { return false }
        if let instance, let theirs = other.instance { return instance == theirs }
        return !places.isDisjoint(with: other.places)
    }

    /// The server at hand, which stays known by its recorded addresses, too.
    package func succeeding(_ recorded: ServerIdentity) -> ServerIdentity {
        guard instance == nil || recorded.instance == nil else { return self }
        var now = self
        let known = Set([recorded.url] + (recorded.aliases ?? [])).filter { Self.place($0) != Self.place(url) }
        now.aliases = known.isEmpty ? nil : known.sorted()
        return now
    }

    /// Whether nothing but the address says that the other one is another server.
    package func mayHaveMoved(to other: ServerIdentity) -> Bool {
        let isSameWorkspace = workspace == nil || other.workspace == nil || workspace == other.workspace
        return isSameWorkspace && (instance == nil || other.instance == nil) && !isSame(as: other)
    }

    /// `MLflow at http://localhost:5000, workspace blue`.
    package var shown: String {
        "\(name) at \(url)\(workspace.map { ", workspace \($0)" } ?? "")"
    }

    private var places: Set<String> {
        Set(([url] + (aliases ?? [])).map(Self.place))
    }

    private static func place(_ url: String) -> String {
        let plain = url.lowercased().replacing("://localhost", with: "://127.0.0.1")
        return plain.hasSuffix("/") ? String(plain.dropLast()) : plain
    }
}

/// The servers that something is about.
package typealias ServerIdentities = [ServerIdentity.Role: ServerIdentity]
