/// A server that answered: product, version, address, and where the address comes from; and as whom it is asked.
package struct ConnectedServer: Sendable, Hashable, Codable {
    package let name: String
    package let version: String
    package let url: String
    /// `the spec`, `the lab`, `MLFLOW_TRACKING_URI`, ….
    package let origin: String
    /// `alice (MLFLOW_TRACKING_USERNAME)`, `the owner of MLFLOW_TRACKING_TOKEN`; nil where it is asked as nobody.
    package let user: String?
    /// The part of the server that is meant; nil when it is not divided, or does not say.
    package var workspace: String?

    package init(name: String, version: String, url: String, origin: String, user: String? = nil) {
        self.name = name
        self.version = version
        self.url = url
        self.origin = origin
        self.user = user
    }

    /// Where it is, from where that is known, as whom it is asked, and for which part of it:
    /// `http://localhost:5000 (the spec), as alice (the spec), workspace blue`.
    package var place: String {
        "\(url) (\(origin))" + (user.map { ", as \($0)" } ?? "") + (workspace.map { ", workspace \($0)" } ?? "")
    }
}
