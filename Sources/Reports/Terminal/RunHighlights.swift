import Language
import Suites

/// The cases of a run that deserve a second look although their verdicts do not say so: flaky and slow ones.
struct RunHighlights {
    private static let mostFlaky = 8
    private static let slowest = 3
    /// So many cases are seen at a glance anyway.
    private static let glance = 6

    private let recorded: RecordedRun
    private var flaky: [RecordedRun.Position] = []
    private var flakyCount = 0
    /// The slowest first.
    private var slow: [(position: RecordedRun.Position, latency: Duration)] = []
    private var answered = 0

    init(of recorded: RecordedRun) {
        self.recorded = recorded
        for suite in recorded.run.suites.indices {
            for position in recorded.positions(ofSuite: suite) { take(position) }
        }
    }

    private mutating func take(_ position: RecordedRun.Position) {
        let tally = recorded.tally(of: position)
        if tally.passed > 0, tally.passed < tally.samples {
            flakyCount += 1
            if flaky.count < Self.mostFlaky { flaky.append(position) }
        }
        guard let latency = tally.latency else { return }
        answered += 1
        let place = slow.firstIndex { $0.latency < latency } ?? slow.count
        guard place < Self.slowest else { return }
        slow.insert((position, latency), at: place)
        if slow.count > Self.slowest { slow.removeLast() }
    }

    /// A line for each kind of which there are any.
    var lines: [String] {
        var lines: [String] = []
        if flakyCount > 0 {
            let names = flaky.map { position in
                let tally = recorded.tally(of: position)
                return "\(name(of: position)) (\(tally.passed) of \(tally.samples) samples passed)"
            }
            let rest = flakyCount - flaky.count
            lines.append("Flaky: \(names.joined(separator: ", "))\(rest > 0 ? ", and \(rest) more" : "").")
        }
        if answered > Self.glance {
            let names = slow.map { "\(name(of: $0.position)) \($0.latency.spelled)" }
            lines.append("Slowest: \(names.joined(separator: ", ")).")
        }
        return lines
    }

    private func name(of position: RecordedRun.Position) -> String {
        Printable.clipped(recorded.id(of: position).description, to: 48)
    }
}
