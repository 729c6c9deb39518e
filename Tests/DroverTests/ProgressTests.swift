import Engine
import Language
import Testing

@testable import drover

@Suite("Progress of an apply")
struct ProgressTests {
    private static let start = ContinuousClock.now

    private static func line(_ advances: [(Double, Advance)], at seconds: Double) -> String {
        var line = RunningLine(Address("vectorStores", "handbook"), .create, since: start)
        for (second, advance) in advances { line.note(advance, at: start + .seconds(second)) }
        return line.text(at: start + .seconds(seconds))
    }

    @Test("A line says what is done and for how long; documents have a bar, a rate and the time that is left")
    func lines() {
        #expect(Self.line([], at: 3) == "  vectorStores.handbook: creating, 3.0 s")
        #expect(Self.line([(1, .text("waiting"))], at: 3) == "  vectorStores.handbook: creating, 3.0 s, waiting")
        let first = Advance.counted(1, of: 100, unit: "documents")
        #expect(
            Self.line([(1, first)], at: 3)
                == "  vectorStores.handbook: creating, 3.0 s  ░░░░░░░░░░░░░░░░░░░░ 1 of 100 documents")
        let later = Advance.counted(51, of: 100, unit: "documents")
        let half = Self.line([(1, first), (11, later)], at: 11)
        #expect(half.hasSuffix("  ██████████░░░░░░░░░░ 51 of 100 documents, 5.0/s, 10.0 s left"), "\(half)")
        let all = Self.line([(1, first), (11, .counted(100, of: 100, unit: "documents"))], at: 11)
        #expect(all.hasSuffix("  ████████████████████ 100 of 100 documents, 9.9/s"), "\(all)")
    }

    @Test("A rate is that of what is counted now")
    func phases() {
        let uploads = (1...2).map { (Double($0), Advance.counted($0 * 50, of: 100, unit: "documents uploaded")) }
        let uploaded = Self.line(uploads, at: 2)
        #expect(uploaded.hasSuffix("  ████████████████████ 100 of 100 documents uploaded, 50/s"), "\(uploaded)")
        let attached = [
            (10.0, Advance.counted(1, of: 100, unit: "documents")), (20, .counted(11, of: 100, unit: "documents")),
        ]
        let line = Self.line(uploads + attached, at: 20)
        #expect(line.hasSuffix("  ██░░░░░░░░░░░░░░░░░░ 11 of 100 documents, 1.0/s, 1 min 29 s left"), "\(line)")
    }

    @Test("What is told cannot control the terminal")
    func control() {
        #expect(!Self.line([(1, .text("a\u{1B}[2Jb"))], at: 3).contains("\u{1B}"))
    }

    @Test("The table at the end has the order of the plan, and what failed or was skipped beside what was done")
    func table() {
        var table = FinishedTable()
        let (a, b, c) = (Address("agents", "support"), Address("experiments", "e"), Address("agents", "c"))
        table.add(.started(b, .create))
        table.add(.failed(a, .update, Diagnostic("x", "X", detail: "x")))
        table.add(.finished(b, .create, elapsed: .seconds(2)))
        table.add(.skipped(c, because: a))
        table.add(.passed(Address("suites", "r"), on: nil))
        table.add(.passed(Address("suites", "t"), on: StandingResult(at: "2026-11-29T08:00:00Z", run: "1d2c")))
        table.add(.overridden(Address("suites", "s"), because: "the model\nis down"))
        #expect(
            table.lines(in: [b, a, c]) == [
                "✓ experiments.e   created  2.0 s", "✗ agents.support  not changed",
                "· agents.c        skipped because of agents.support", "✓ suites.r        passed",
                "✓ suites.t        passed on evidence of 2026-11-29T08:00:00Z, run 1d2c",
                "! suites.s        not passed, and overridden: the model⏎is down",
            ])
        #expect(table.failures == 1 && table.count == 6)
    }
}
