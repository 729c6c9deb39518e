package import Language
package import Wire

/// The name of a model's version, as MLflow's own clients take it: `models:/NAME/3`, `models:/NAME@ALIAS`, or
/// `models:/NAME/latest`.
package struct ModelVersionURI: Sendable, Hashable, CustomStringConvertible {
    enum Selector: Sendable, Hashable {
        case number(Int)
        case alias(String)
        case latest
    }

    /// The name of the registered model.
    package let name: String
    let selector: Selector

    /// Reads one.
    /// - Throws: `Diagnostic` (`usage`) for everything else.
    package init(_ text: String) throws(Diagnostic) {
        guard let match = text.wholeMatch(of: /models:\/{1,3}([^\/@]+)(?:\/([1-9][0-9]*|latest)|@([A-Za-z0-9_\-]+))/)
        else {
            throw .badModelVersion(text)
        }
        name = String(match.output.1)
        if let alias = match.output.3 {
            // MLflow keeps this alias for itself, in any letter case.
            selector = alias.lowercased() == "latest" ? .latest : .alias(String(alias))
        } else {
            selector = match.output.2.flatMap { Int($0) }.map(Selector.number) ?? .latest
        }
    }

    package var description: String {
        switch selector {
        case .number(let number): "models:/\(name)/\(number)"
        case .alias(let alias): "models:/\(name)@\(alias)"
        case .latest: "models:/\(name)/latest"
        }
    }

    fileprivate func names(_ version: AgentVersion) -> Bool {
        switch selector {
        case .number(let number): version.number == number
        case .alias(let alias): version.aliases.contains(alias)
        case .latest: true
        }
    }
}

extension MLflowServer {
    /// The version of a logged agent that a name stands for.
    /// - Throws: `WireError`; `Diagnostic` when there is none, with what there is.
    package func agentVersion(_ uri: ModelVersionURI) async throws -> AgentVersion {
        let versions = try await agentVersions(of: uri.name)
        if let version = versions.first(where: uri.names) { return version }
        throw Diagnostic.noModelVersion(uri, among: versions, at: endpoint.base)
    }
}

extension Diagnostic {
    fileprivate static func badModelVersion(_ text: String) -> Diagnostic {
        Diagnostic(
            "bad-model-version", "Unreadable name of a version",
            detail: "`\(text)` names no version of a registered model.",
            fix: "Write `models:/NAME/3` or `models:/NAME@ALIAS`.", cause: .usage)
    }

    fileprivate static func noModelVersion(
        _ uri: ModelVersionURI, among versions: [AgentVersion], at base: String
    ) -> Diagnostic {
        let aliases = versions.flatMap(\.aliases).sorted().map { "@\($0)" }
        let known = versions.prefix(8).map { "/\($0.number)" } + aliases
        let names = known.map { "models:/\(uri.name)\($0)" }
        return Diagnostic(
            "unknown-model-version", "Unknown version of a model",
            detail: versions.isEmpty
                ? "MLflow at \(base) has no registered model `\(uri.name)` with versions."
                : "The registered model `\(uri.name)` has no version `\(uri)`.",
            fix: versions.isEmpty ? "Check the name, or run `drover apply` first." : "It has \(names.listed).",
            cause: .unavailable)
    }
}
