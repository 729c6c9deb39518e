package import Language

/// What the evidence of a suite is kept under: a digest of everything that its result depends on, as far as drover can see.
/// The weights behind a model's name, a server's own configuration and the backend of a shield it cannot see.
package struct EvidenceKey: Sendable, Hashable {
    /// Counts up when the same answers are judged otherwise by a later drover.
    static let meaning = 2

    /// Hexadecimal SHA-256.
    package let text: String
    /// The logical digest of the agent.
    package let logical: String
    /// The SHA-256 of the texts of the files that it is of, by path.
    private let texts: [String: String]
    /// What names stand for that others may be given.
    private let meant: [String: String]

    /// - Parameters:
    ///   - logical: The logical digest of the agent.
    ///   - code: The digest of the code that a logged agent runs with.
    ///   - suite: The suite as it is declared; what only names and describes it does not count.
    ///   - files: The content of the tables and rubrics that it names, by path, as SHA-256.
    ///   - texts: The same of their texts, without a byte order mark, for `isOf`.
    ///   - judges: The judges that it asks, as they are declared, by name.
    ///   - meant: What names stand for that others may be given: of judges, embedding models and the baseline.
    ///   - servers: Where the agent runs: `OGX 1.5.0 at http://127.0.0.1:8321`.
    package init(
        logical: String, code: String, suite: Value, files: [String: String], texts: [String: String] = [:],
        judges: [String: Value], meant: [String: String], servers: [String]
    ) {
        self.logical = logical
        self.texts = texts
        self.meant = meant
        let parts: Value = [
            "meaning": .integer(Self.meaning), "logical": .string(logical), "code": .string(code),
            "suite": suite.deciding, "files": .object(files.mapValues { .string($0) }),
            "judges": .object(judges.mapValues { $0.without(["description", "labels"]) }),
            "meant": .object(meant.mapValues { .string($0) }), "servers": .array(servers.sorted().map { .string($0) }),
        ]
        text = sha256Hex(parts.canonicalJSON.utf8)
    }

    /// Whether a suite was read from the tables and rubrics that the key is of: they may have been edited in between.
    package func isOf(_ suite: TestSuite) -> Bool {
        suite.cases.files.allSatisfy { texts[$0.path.value] ?? $0.digest == $0.digest }
            && suite.judges.allSatisfy { meant["judges.\($0.key)"] == $0.value.digest }
    }
}

extension Value {
    /// A declared suite without what decides nothing.
    fileprivate var deciding: Value {
        var suite = without([
            "description", "labels", "experiment", "name", "protect", "onDelete", "moved", "dependsOn",
        ])
        guard case .object(var fields) = suite, case .array(let cases)? = fields["cases"] else { return suite }
        fields["cases"] = .array(cases.map { $0.without(["labels"]) })
        suite = .object(fields)
        return suite
    }

    fileprivate func without(_ keys: Set<String>) -> Value {
        guard case .object(let fields) = self else { return self }
        return .object(fields.filter { !keys.contains($0.key) && !$0.key.hasPrefix("x-") })
    }
}
