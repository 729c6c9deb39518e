package import Language

/// Reads secrets when they are needed.
package struct SecretReader: Sendable {
    private let environment: [String: String]
    private let folder: SpecFolder

    package init(environment: [String: String], folder: SpecFolder) {
        self.environment = environment
        self.folder = folder
    }

    /// The secret; nil when it is optional and missing.
    /// - Throws: `Diagnostic` when it is required and missing.
    package func read(_ source: Located<SecretSource>) throws(Diagnostic) -> Secret? {
        switch source.value {
        case .environment(let name, let isOptional):
            if let secret = variable(name) { return secret }
            if isOptional { return nil }
            throw .missingSecret("The environment variable `\(name)` is not set.", "Set `\(name)`.", source.range)
        case .file(let path):
            let text = try SpecFolder(root: "/", allowsOutside: true) { folder.base(of: $0) }
                .text(of: Located(path, at: source.range))
            let secret = Secret(stored: text)
            guard secret.isEmpty else { return secret }
            throw Diagnostic(
                "missing-secret", "Missing secret", detail: "The file `\(path)` is empty.",
                fix: "Write the secret into it.", at: source.range)
        }
    }

    /// A secret that is sent in a header as it is; nil when it is optional and missing.
    /// - Throws: `Diagnostic` when it is required and missing, or when no header can hold it.
    func header(_ source: Located<SecretSource>) throws(Diagnostic) -> Secret? {
        guard let secret = try read(source) else { return nil }
        if secret.fitsHeader { return secret }
        switch source.value {
        case .environment(let name, _): throw .unfitSecret(from: "the environment variable `\(name)`", at: source.range)
        case .file(let path): throw .unfitSecret(from: "the file `\(path)`", at: source.range)
        }
    }

    /// What an environment variable holds that the spec does not name; nil when it is not set, or empty.
    func variable(_ name: String) -> Secret? {
        environment[name].map { Secret(stored: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The same, to be sent in a header as it is.
    /// - Throws: `Diagnostic` when no header can hold it.
    func header(variable name: String) throws(Diagnostic) -> Secret? {
        guard let secret = variable(name) else { return nil }
        if secret.fitsHeader { return secret }
        throw .unfitSecret(from: "the environment variable `\(name)`", at: nil)
    }
}

extension Diagnostic {
    fileprivate static func missingSecret(_ detail: String, _ fix: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "missing-secret", "Missing secret", detail: detail,
            fix: "\(fix) Or say `optional: true` if it can do without.", at: range)
    }
}
