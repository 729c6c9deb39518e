/// A server that answered: product, version, address, and where the address comes from.
package struct ConnectedServer: Sendable, Hashable, Codable {
    package let name: String
    package let version: String
    package let url: String
    /// `the spec`, `the lab`, `MLFLOW_TRACKING_URI`, ….
    package let origin: String

    package init(name: String, version: String, url: String, origin: String) {
        self.name = name
        self.version = version
        self.url = url
        self.origin = origin
    }
}
