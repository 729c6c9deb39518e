/// A server of a plan: product, address, and where the address comes from.
package struct PlanServer: Sendable, Hashable, Codable {
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

/// A suite that a plan endangers, because something that it tests changes.
package struct EndangeredSuite: Sendable, Hashable, Codable {
    package let name: String
    package let cases: Int

    package init(name: String, cases: Int) {
        self.name = name
        self.cases = cases
    }
}
