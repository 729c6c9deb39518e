/// What tells one server from another: the record says which ones it is about.
package struct ServerIdentity: Sendable, Hashable, Codable {
    /// What a stack has one of each.
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

    package init(name: String, url: String, instance: String? = nil, workspace: String? = nil) {
        self.name = name
        self.url = url
        self.instance = instance
        self.workspace = workspace
    }

    /// Whether both are one server. What a server tells of itself counts more than its address: one server may have several.
    package func isSame(as other: ServerIdentity) -> Bool {
        if let workspace, let theirs = other.workspace, workspace != theirs { return false }
        if let instance, let theirs = other.instance { return instance == theirs }
        return place == other.place
    }

    /// `MLflow at http://localhost:5000, workspace blue`.
    package var shown: String {
        "\(name) at \(url)\(workspace.map { ", workspace \($0)" } ?? "")"
    }

    private var place: String {
        let plain = url.lowercased().replacing("://localhost", with: "://127.0.0.1")
        return plain.hasSuffix("/") ? String(plain.dropLast()) : plain
    }
}

/// The servers that something is about.
package typealias ServerIdentities = [ServerIdentity.Role: ServerIdentity]
