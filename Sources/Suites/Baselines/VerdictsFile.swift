package import Language
import Runtime

/// The verdicts of a suite's run, sample by sample, without what was said: what a later run is compared with. It is an
/// artifact of the suite's run in MLflow.
///
///     {"schema":"drover.verdicts/1","drover":"1.0.0","stack":"helpdesk","suite":"golden",
///      "startedAt":"2026-06-01T12:00:00Z","tables":{"cases.csv":"5f2c…"},
///      "cases":[{"id":"golden/ticket","verdict":"failed","samples":[{"verdict":"failed","latency":3400000000,"tokens":120}]}]}
package struct VerdictsFile: Sendable, Hashable, Codable {
    /// A sample; its latency in nanoseconds, its tokens missing where the server did not tell them.
    package struct Sample: Sendable, Hashable, Codable {
        package let verdict: SampleVerdict
        package let latency: Int
        package let tokens: Int?

        /// Whether its numbers can be added to others.
        fileprivate var isPossible: Bool {
            PossibleNumbers.nanoseconds.contains(latency) && PossibleNumbers.tokens.contains(tokens ?? 0)
        }
    }

    package struct Case: Sendable, Hashable, Codable {
        package let id: String
        package let verdict: Verdict
        /// In the order of their numbers.
        package let samples: [Sample]
    }

    package static let name = "drover-verdicts.json"
    package static let schema = "drover.verdicts/1"

    package let schema: String
    package let drover: String
    package let stack: String
    package let suite: String
    package let startedAt: String
    /// The SHA-256 of each table that it read, by its path.
    package let tables: [String: String]
    package let cases: [Case]

    /// - Throws: `Diagnostic` when the log cannot be read.
    package init(_ recorded: RecordedRun, ofSuite index: Int) throws(Diagnostic) {
        let run = recorded.run
        schema = Self.schema
        drover = run.version
        stack = run.stack
        suite = run.suites[index].suite
        startedAt = run.startedAt
        tables = recorded.tables(ofSuite: index)
        cases = try recorded.positions(ofSuite: index).map { position throws(Diagnostic) in
            let result = try recorded.result(of: position)
            return Case(
                id: result.id.description, verdict: result.verdict,
                samples: result.samples.map {
                    Sample(verdict: $0.verdict, latency: $0.latency.nanoseconds, tokens: $0.usage?.total)
                })
        }
    }

    /// Reads the artifact.
    /// - Returns: Nil when it is none that this version knows.
    package init?(_ bytes: [UInt8]) {
        guard let file: VerdictsFile = try? Value(json: bytes).decoded(), file.schema == Self.schema,
            file.cases.allSatisfy({ $0.samples.allSatisfy(\.isPossible) })
        else { return nil }
        self = file
    }

    /// The artifact.
    package var bytes: [UInt8] {
        get throws { Array(try Value(encoding: self).canonicalJSON.utf8) }
    }
}

extension Baseline {
    /// - Parameters:
    ///   - name: How it was asked for.
    ///   - run: Its run in MLflow; nil for a log.
    package init(_ file: VerdictsFile, named name: String, run: String? = nil) {
        self.init(
            name: name, run: run, startedAt: file.startedAt,
            cases: Dictionary(file.cases.map { ($0.id, Case($0)) }) { first, _ in first }, tables: file.tables)
    }
}

extension Baseline.Case {
    fileprivate init(_ recorded: VerdictsFile.Case) {
        let samples = recorded.samples
        let errors = samples.count { $0.verdict == .error }
        let isWhole = errors == 0 && !samples.isEmpty
        let tokens = samples.compactMap(\.tokens)
        self.init(
            verdict: recorded.verdict, passed: samples.count { $0.verdict == .passed },
            failed: samples.count { $0.verdict == .failed }, errors: errors,
            latency: isWhole ? samples.map(\.latency).reduce(0, +) / samples.count : nil,
            tokens: isWhole && tokens.count == samples.count
                ? Double(tokens.reduce(0, +)) / Double(samples.count) : nil)
    }
}
