import FoundationEssentials
import Language

/// The value of a header: text, or a secret in an environment variable.
///
///     headers: {X-Tenant: acme, X-Api-Key: {env: DESK_KEY, optional: true}}
struct HeaderSpec: Sendable {
    enum Content: Sendable, Hashable {
        case text(String)
        case secret(variable: String, optional: Bool)
    }

    let content: Content
    let range: SourceRange

    /// Headers by their names.
    static var map: Reading<[Entry<HeaderSpec>]> {
        Reading<[Entry<HeaderSpec>]>.map(.either([text, secret], expected: "text or a secret (`{env: NAME}`)"))
            .map { entries, node, problems in
                problems.reportCaseTwins(in: node, because: "names of headers have no case")
                return entries
            }
    }

    private static var text: Reading<HeaderSpec> {
        Reading<String>.text.map { text, node, _ in HeaderSpec(content: .text(text), range: node.range) }
    }

    private static var secret: Reading<HeaderSpec> {
        Reading<SecretSource>.secret.map { source, node, problems in
            switch source {
            case .environment(let name, let isOptional):
                return HeaderSpec(content: .secret(variable: name, optional: isOptional), range: node.range)
            case .file:
                problems.report(.headerFile(at: node.range))
                return nil
            }
        }
    }
}

extension [Entry<HeaderSpec>] {
    /// The headers that are not secret.
    var plain: [String: String] {
        Dictionary(
            compactMap { entry in
                guard case .text(let text) = entry.value.content else { return nil }
                return (entry.key, text)
            }
        ) { first, _ in first }
    }

    /// The variables of the secret headers, by the names of the headers.
    var variables: [String: String] {
        Dictionary(
            compactMap { entry in
                guard case .secret(let variable, _) = entry.value.content else { return nil }
                return (entry.key, variable)
            }
        ) { first, _ in first }
    }

    /// The sources of the secret headers, like any secret of a spec.
    var secrets: [Located<SecretSource>] {
        compactMap { entry in
            guard case .secret(let variable, let isOptional) = entry.value.content else { return nil }
            return Located(.environment(variable, optional: isOptional), at: entry.value.range)
        }
    }
}

extension Diagnostic {
    fileprivate static func headerFile(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "token-in-file", "Header that a logged agent could not find",
            detail: "An agent is logged to run elsewhere, where only the name of an environment variable can lead it "
                + "to the value.",
            fix: "Use `{env: NAME}`.", at: range)
    }
}
