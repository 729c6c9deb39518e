import Language
import Runtime
import Synchronization
import Wire

/// What a server counts of its requests, as Prometheus reads it.
final class Meters: Sendable {
    private struct Key: Hashable, Comparable {
        let route: String
        let status: Int

        static func < (left: Key, right: Key) -> Bool {
            (left.route, left.status) < (right.route, right.status)
        }
    }

    private struct Histogram {
        var counts = [Int](repeating: 0, count: Meters.bounds.count)
        var sum = 0.0
        var count = 0

        mutating func add(_ seconds: Double) {
            if let index = Meters.bounds.firstIndex(where: { seconds <= $0 }) { counts[index] += 1 }
            sum += seconds
            count += 1
        }
    }

    private struct Counts {
        var requests: [Key: Int] = [:]
        var durations: [String: Histogram] = [:]
        /// By the agent.
        var tokens: [String: Answer.Usage] = [:]
        var failures: [String: Int] = [:]
        var abandoned = 0
    }

    /// The upper bounds of the durations, in seconds.
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
    private let counts = Mutex(Counts())

    /// - Parameter route: nil for a path that is none: its text would be a line of its own.
    func count(_ route: Route?, _ status: Int, _ duration: Duration) {
        let route = route?.rawValue ?? "other"
        let seconds = duration / .seconds(1)
        counts.withLock { counts in
            counts.requests[Key(route: route, status: status), default: 0] += 1
            counts.durations[route, default: Histogram()].add(seconds)
        }
    }

    func count(_ ending: Turn.Ending, of agent: String) {
        counts.withLock { counts in
            switch ending {
            case .answered(let answer):
                if let usage = answer.usage {
                    let before = counts.tokens[agent] ?? Answer.Usage(input: 0, output: 0)
                    counts.tokens[agent] = Answer.Usage(
                        input: before.input + usage.input, output: before.output + usage.output)
                }
                if answer.status == .failed { counts.failures[agent, default: 0] += 1 }
            case .failed, .expired: counts.failures[agent, default: 0] += 1
            case .abandoned: counts.abandoned += 1
            case .stopped: break
            }
        }
    }

    /// One whose client went away before its agent was asked.
    func countAbandoned() {
        counts.withLock { $0.abandoned += 1 }
    }

    /// What is only known now.
    struct Now {
        var running: Int
        var connections: Int
        /// nil where nothing is traced.
        var traces: TraceTally?
    }

    /// The text that Prometheus reads (version 0.0.4).
    func text(_ now: Now) -> String {
        let counts = counts.withLock { $0 }
        var page = MetricsPage()
        page.begin("drover_requests_total", .counter, "Requests that were answered.")
        for (key, count) in counts.requests.sorted(by: { $0.key < $1.key }) {
            page.add([("route", key.route), ("status", String(key.status))], count)
        }
        page.begin("drover_request_duration_seconds", .histogram, "How long requests took.")
        for (route, histogram) in counts.durations.sorted(by: { $0.key < $1.key }) {
            var below = 0
            for (bound, count) in zip(Self.bounds, histogram.counts) {
                below += count
                page.add([("route", route), ("le", MetricsPage.number(bound))], below, part: "_bucket")
            }
            page.add([("route", route), ("le", "+Inf")], histogram.count, part: "_bucket")
            page.add([("route", route)], histogram.sum, part: "_sum")
            page.add([("route", route)], histogram.count, part: "_count")
        }
        page.begin("drover_requests_in_flight", .gauge, "Requests that are being answered.")
        page.add([], now.running)
        page.begin("drover_connections", .gauge, "Open connections.")
        page.add([], now.connections)
        page.begin("drover_requests_abandoned_total", .counter, "Requests whose client went away.")
        page.add([], counts.abandoned)
        page.begin("drover_upstream_failures_total", .counter, "Answers that failed or did not come in time.")
        for (agent, count) in counts.failures.sorted(by: { $0.key < $1.key }) { page.add([("agent", agent)], count) }
        page.begin("drover_tokens_total", .counter, "Tokens of answers.")
        for (agent, usage) in counts.tokens.sorted(by: { $0.key < $1.key }) {
            page.add([("agent", agent), ("kind", "input")], usage.input)
            page.add([("agent", agent), ("kind", "output")], usage.output)
        }
        if let traces = now.traces {
            page.begin("drover_traces_total", .counter, "Traces of requests, and what became of them.")
            page.add([("outcome", "written")], traces.written)
            page.add([("outcome", "dropped")], traces.dropped)
            page.add([("outcome", "lost")], traces.lost)
            page.begin("drover_traces_spooled", .gauge, "Traces that wait on disk until MLflow takes them.")
            page.add([], traces.spooled)
            page.begin("drover_trace_spool_bytes", .gauge, "The size of the traces that wait on disk.")
            page.add([], traces.spooledBytes)
        }
        return page.text
    }
}
