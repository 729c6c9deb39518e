import Language

/// The address of a server, and where it comes from.
package struct ServerLocation: Sendable, Hashable {
    package let url: String
    /// In words: the name of a flag, `the spec`, `MLFLOW_TRACKING_URI`, `the lab`, `the default`.
    package let origin: String
    private static let assumed = "the default"

    package init(url: String, origin: String) {
        self.url = url
        self.origin = origin
    }

    /// In order of precedence: an address given by the caller, the spec, the ecosystem's variable, the running lab, the
    /// default.
    init(
        given: ServerLocation?, spec: Located<String>?, variable: String, lab: String?, standard: String,
        environment: [String: String]
    ) {
        if let given {
            self = given
        } else if let spec {
            self.init(url: spec.value, origin: "the spec")
        } else if let value = environment[variable], !value.isEmpty {
            self.init(url: value, origin: variable)
        } else if let lab {
            self.init(url: lab, origin: "the lab")
        } else {
            self.init(url: standard, origin: Self.assumed)
        }
    }

    /// The location, if its address is valid.
    /// - Parameter example: A typical address of this kind of server.
    /// - Throws: `Diagnostic` with the reason when it is not.
    func checked(example: String) throws(Diagnostic) -> ServerLocation {
        guard let problem = WebAddress.problem(inServer: url) else { return self }
        throw .badServerURL(origin, problem, example: example)
    }

    /// Whether it was configured, rather than the default.
    package var isSaid: Bool { origin != Self.assumed }

    /// The address without credentials, to be shown.
    package var shown: String { WebAddress.shown(url) }
}

extension Diagnostic {
    fileprivate static func badServerURL(_ origin: String, _ problem: String, example: String) -> Diagnostic {
        Diagnostic(
            "bad-url", "Unusable address", detail: "The address from \(origin) cannot be used: \(problem).",
            fix: "Write a full address, such as `\(example)`.")
    }
}
