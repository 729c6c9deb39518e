import Lab
import Language
import Wire

/// The address of a server, and where it comes from.
struct ServerLocation: Sendable {
    let url: String
    /// `--mlflow-url`, `spec`, `MLFLOW_TRACKING_URI`, `lab`, `default`.
    let origin: String
    private static let assumed = "the default"

    /// In order of precedence: flag, spec, the ecosystem's variable, running lab, default.
    init(
        flag: String?, flagName: String, spec: Located<String>?, variable: String, lab: String?, standard: String,
        environment: [String: String]
    ) {
        if let flag {
            self.init(url: flag, origin: flagName)
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
    /// - Throws: `Diagnostic` with the reason when it is not.
    func checked() throws(Diagnostic) -> ServerLocation {
        guard let problem = WebAddress.problem(inServer: url) else { return self }
        throw .badServerURL(origin, problem)
    }

    /// Whether it was configured, rather than the default.
    var isSaid: Bool { origin != Self.assumed }

    /// The address without credentials, to be shown.
    var shown: String { WebAddress.shown(url) }

    private init(url: String, origin: String) {
        self.url = url
        self.origin = origin
    }
}

/// Reads secrets when a command needs them.
struct SecretReader: Sendable {
    let environment: [String: String]
    let folder: SpecFolder

    /// The secret; nil when it is optional and missing.
    /// - Throws: `Diagnostic` when it is required and missing.
    func read(_ source: Located<SecretSource>) throws(Diagnostic) -> Secret? {
        switch source.value {
        case .environment(let name, let isOptional):
            if let value = environment[name], !value.isEmpty { return Secret(value) }
            if isOptional { return nil }
            throw .missingSecret("The environment variable `\(name)` is not set.", "Set `\(name)`.", source.range)
        case .file(let path):
            let text = try SpecFolder(root: "/", allowsOutside: true) { folder.base(of: $0) }
                .text(of: Located(path, at: source.range))
            return Secret(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
    }
}

extension Diagnostic {
    fileprivate static func badServerURL(_ origin: String, _ problem: String) -> Diagnostic {
        Diagnostic(
            "bad-url", "Unusable address", detail: "The address from \(origin) cannot be used: \(problem).",
            fix: "Write a full address, such as `http://localhost:8321`.")
    }

    fileprivate static func missingSecret(_ detail: String, _ fix: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "missing-secret", "Missing secret", detail: detail,
            fix: "\(fix) Or say `optional: true` if it can do without.", at: range)
    }
}
