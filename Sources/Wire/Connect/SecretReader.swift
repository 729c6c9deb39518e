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
    fileprivate static func missingSecret(_ detail: String, _ fix: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "missing-secret", "Missing secret", detail: detail,
            fix: "\(fix) Or say `optional: true` if it can do without.", at: range)
    }
}
