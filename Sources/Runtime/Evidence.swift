import Language

/// What one run of a suite adds to what is known of one state of an agent: what gates, and a server that asks for
/// evidence, read.
///
///     {"at":"2026-06-01T12:00:00Z","attempts":12,"format":1,"key":"9f86d081…","logical":"60303ae2…","run":"1d2c…",
///      "samples":{"errors":0,"failed":1,"passed":9},"suite":"golden","verdict":"passed","version":"models:/desk/3"}
///
/// Evidence accumulates and is never replaced. It is kept where the suite's results are: on the evaluation run in
/// MLflow, as one tag `drover.evidence` with this text, and beside it `drover.suite` and `drover.evidence.key`, by
/// which runs are searched, since MLflow's filters compare whole values of tags. The text stays far below the 5,000
/// characters that MLflow 2 takes for a tag; what does not fit there, such as the samples themselves, is an artifact of
/// the run. A run that was stopped halfway has it too, with the samples that it took.
package struct Evidence: Sendable, Hashable, Codable {
    /// How many samples ended how.
    package struct Samples: Sendable, Hashable, Codable {
        package let passed: Int
        package let failed: Int
        /// Those that could not be judged.
        package let errors: Int

        package init(passed: Int, failed: Int, errors: Int) {
            self.passed = passed
            self.failed = failed
            self.errors = errors
        }

        package func adding(_ other: Samples) -> Samples {
            Samples(passed: passed + other.passed, failed: failed + other.failed, errors: errors + other.errors)
        }

        /// Those that are not among others.
        package func without(_ others: Samples) -> Samples {
            Samples(
                passed: max(0, passed - others.passed), failed: max(0, failed - others.failed),
                errors: max(0, errors - others.errors))
        }
    }

    /// How old a passing result may be where nothing else is said.
    package static let standardAge = Duration.seconds(7 * 86400)

    /// The number of this form. A later drover may add keys; it counts up when one is removed or means something else.
    package static let format = 1
    /// The tag of an evaluation run that holds it.
    package static let tag = "drover.evidence"
    /// The tag with the name of the suite, of every evaluation run.
    package static let suiteTag = "drover.suite"
    /// The tag by which runs are searched.
    package static let keyTag = "drover.evidence.key"
    /// The tag with `logical`, by which runs are searched, too.
    package static let logicalTag = "drover.evidence.logical"

    package let format: Int
    package let suite: String
    /// The digest of all that the result depends on: equal keys, and the samples count together.
    package let key: String
    package let samples: Samples
    /// How many conversations were held for them, those that were tried again included.
    package let attempts: Int
    /// When the run began: ISO 8601 in UTC, `2026-06-01T12:00:00Z`.
    package var at: String
    /// MLflow's id of the evaluation run.
    package var run: String
    /// The verdict of the whole suite with all samples under the key so far: `passed`, `failed` or `inconclusive`; nil
    /// from an earlier drover.
    package var verdict: String?
    /// The logical digest of the agent that was asked, which is a part of the key; nil from an earlier drover.
    package var logical: String?
    /// The URI of its version, `models:/helpdesk/3`; nil where it has none.
    package var version: String?
    /// Whether only the samples that failed count: something may have changed while it ran, and nobody can tell what each
    /// sample that passed is of. Nil for no.
    package var failuresOnly: Bool?
    /// When the oldest run began whose samples its verdict needs, where it only took those that were missing, or does not pass
    /// by its own: ISO 8601 in UTC. Nil where it passes by its own.
    package var since: String?
    /// MLflow's ids of the runs whose samples it holds, too, and that count elsewhere; found out anew each time.
    package var countedElsewhere: [String] = []
    /// How many samples these have.
    package var samplesElsewhere = Samples(passed: 0, failed: 0, errors: 0)

    private enum CodingKeys: CodingKey {
        case format, suite, key, samples, attempts, at, run, verdict, logical, version, failuresOnly, since
    }

    package init(
        suite: String, key: String, samples: Samples, attempts: Int, at: String, run: String, verdict: String? = nil
    ) {
        self.verdict = verdict
        format = Self.format
        self.suite = suite
        self.key = key
        self.samples = samples
        self.attempts = attempts
        self.at = at
        self.run = run
    }
}

extension Evidence {
    /// Reads what `text` wrote; nil for anything else, and for a form that this version does not know.
    package init?(_ text: String) {
        // Why it is none does not matter: what is not understood is no evidence.
        guard let evidence = try? Value(json: text.utf8).decoded(as: Evidence.self),
            evidence.format == Self.format, evidence.canBeAdded
        else { return nil }
        self = evidence
    }

    /// Whether its numbers can be added to those of others: whoever may write tags may have written any.
    private var canBeAdded: Bool {
        [samples.passed, samples.failed, samples.errors, attempts].allSatisfy { (0...1 << 40).contains($0) }
    }

    /// JSON with sorted keys: equal evidence, equal text.
    package var text: String {
        var fields: [String: Value] = [
            "format": .integer(format), "suite": .string(suite), "key": .string(key),
            "samples": [
                "passed": .integer(samples.passed), "failed": .integer(samples.failed),
                "errors": .integer(samples.errors),
            ],
            "attempts": .integer(attempts), "at": .string(at), "run": .string(run),
        ]
        fields["verdict"] = verdict.map { .string($0) }
        fields["logical"] = logical.map { .string($0) }
        fields["version"] = version.map { .string($0) }
        fields["failuresOnly"] = failuresOnly.map { .bool($0) }
        fields["since"] = since.map { .string($0) }
        return Value.object(fields).canonicalJSON
    }
}
