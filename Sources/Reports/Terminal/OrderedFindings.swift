import Language
import Suites

/// The problems of a run, each at the YAML that asked for it, without duplicates, sorted by place. Only the location of
/// each in the log is kept, not its text.
struct OrderedFindings {
    /// A diagnostic of a case, or of the thresholds of a suite.
    private struct Entry {
        let subject: SourceRange?
        /// The index among all entries, in the order in which they were found.
        let order: Int
        let suite: Int
        /// nil for the thresholds.
        let testCase: RecordedRun.Position?
        let number: Int
    }

    private let recorded: RecordedRun
    private var entries: [Entry] = []
    private var hidden: [SourceRange] = []
    private var seen: Set<Fingerprint> = []
    /// The case read last: its problems are mostly at neighbouring places.
    private var latest: (position: RecordedRun.Position, diagnostics: [Diagnostic])?

    init(of recorded: RecordedRun) {
        self.recorded = recorded
    }

    /// Passes on the rendered diagnostics, those without a place last.
    mutating func forEach(colors: Bool, _ body: (String) throws -> Void) throws {
        try collect()
        let renderer = DiagnosticRenderer(sources: recorded.sources, colors: colors)
        var lines = renderer.lines(hidden: hidden)
        for entry in entries.sorted(by: Self.precedes) {
            try body(renderer.render(try diagnostics(of: entry)[entry.number], &lines))
        }
    }

    private mutating func collect() throws {
        for (suite, result) in recorded.run.suites.enumerated() {
            for position in recorded.positions(ofSuite: suite) {
                let tally = recorded.tally(of: position)
                guard tally.hasFindings || tally.isMissingSamples else { continue }
                add(try diagnostics(of: position), of: position, suite)
            }
            add(result.diagnostics, of: nil, suite)
        }
        seen = []
    }

    private mutating func add(_ diagnostics: [Diagnostic], of testCase: RecordedRun.Position?, _ suite: Int) {
        for (number, diagnostic) in diagnostics.enumerated() where seen.insert(Fingerprint(diagnostic)).inserted {
            hidden += diagnostic.hidden
            entries.append(
                Entry(
                    subject: diagnostic.subject, order: entries.count, suite: suite, testCase: testCase, number: number)
            )
        }
    }

    private mutating func diagnostics(of entry: Entry) throws -> [Diagnostic] {
        guard let position = entry.testCase else { return recorded.run.suites[entry.suite].diagnostics }
        return try diagnostics(of: position)
    }

    private mutating func diagnostics(of position: RecordedRun.Position) throws -> [Diagnostic] {
        if let latest, latest.position == position { return latest.diagnostics }
        let diagnostics = try recorded.result(of: position).diagnostics
        latest = (position, diagnostics)
        return diagnostics
    }

    /// The same order as `sortedByPlace`.
    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        switch (left.subject, right.subject) {
        case (let first?, let second?): first == second ? left.order < right.order : first < second
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): left.order < right.order
        }
    }
}

/// A 128-bit digest of a diagnostic, to find duplicates without keeping them: the chance of a collision among a million
/// is below 10⁻²⁶.
private struct Fingerprint: Hashable {
    private let first: Int
    private let second: Int

    init(_ diagnostic: Diagnostic) {
        var hasher = Hasher()
        hasher.combine(diagnostic)
        first = hasher.finalize()
        hasher = Hasher()
        hasher.combine(diagnostic)
        hasher.combine(first)
        second = hasher.finalize()
    }
}
