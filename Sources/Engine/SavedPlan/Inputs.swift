import Language

/// What a plan was made from. As long as all of it is the same, planning again gives the same plan.
package struct Inputs: Sendable, Hashable, Codable {
    /// The paths, overlays and variables of the command line, with which the spec is read again.
    package var sources: Sources
    /// The rendered spec as YAML; secrets are references in it.
    package var spec: String
    /// The SHA-256 of each file that the spec names and that was read, by its path from the spec's directory.
    package var files: [String: String]
    package var servers: [Server]
    package var permissions: Permissions
    package var selection: Selection
    /// The SHA-256 of the record: of what was applied last, and of open intents.
    package var record: String

    package struct Sources: Sendable, Hashable, Codable {
        package var paths: [String]
        package var overlays: [String]
        package var variables: [String]
        package var variableFiles: [String]
        package var allowOutside: Bool

        package init(
            paths: [String], overlays: [String], variables: [String], variableFiles: [String], allowOutside: Bool
        ) {
            self.paths = paths
            self.overlays = overlays
            self.variables = variables
            self.variableFiles = variableFiles
            self.allowOutside = allowOutside
        }
    }

    /// A server's identity.
    package struct Server: Sendable, Hashable, Codable {
        package var name: String
        package var version: String
        /// Without credentials.
        package var url: String
        /// What the server tells of itself that stays when its address changes; nil when it tells nothing.
        package var instance: String?
        /// The part of the server that is meant; nil when it is not divided, or does not say.
        package var workspace: String?
        /// From where the address came, such as `the spec`; it is shown, and not compared.
        package var origin: String?
        /// As whom it was asked; nil as nobody. It is shown, and not compared.
        package var user: String?

        package init(
            name: String, version: String, url: String, instance: String? = nil, workspace: String? = nil,
            origin: String? = nil, user: String? = nil
        ) {
            self.name = name
            self.version = version
            self.url = url
            self.instance = instance
            self.workspace = workspace
            self.origin = origin
            self.user = user
        }

        /// Whether both are one server, of one version.
        func isSame(as other: Server) -> Bool {
            name == other.name && version == other.version && identity.isSame(as: other.identity)
        }

        package var identity: ServerIdentity {
            ServerIdentity(name: name, url: url, instance: instance, workspace: workspace)
        }
    }

    package init(
        sources: Sources, spec: String, files: [String: String], servers: [Server], permissions: Permissions,
        selection: Selection, record: String
    ) {
        self.sources = sources
        self.spec = spec
        self.files = files
        self.servers = servers
        self.permissions = permissions
        self.selection = selection
        self.record = record
    }
}

extension Record {
    /// Lower-case hexadecimal; the same for the same content.
    package var digest: String {
        // A record always encodes: its values are data.
        let content = (try? Value(encoding: self)) ?? .null
        return sha256Hex(Array(content.canonicalJSON.utf8))
    }
}
