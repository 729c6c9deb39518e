package import FoundationEssentials
import Language
import Synchronization

/// A line of JSON for each request, without anything of its contents.
///
///     {"agent":"support","ms":812,"method":"POST","path":"/invocations","request":"req_9f…","status":200,"time":"2026-…Z"}
package struct AccessLog: Sendable {
    /// What is known of a request when it has ended.
    struct Entry: Sendable {
        var agent: String?
        var status = 0
        var isStreamed = false
        /// Why there was no answer; only the log tells it.
        var reason: String?
        var trace: String?
        var caller: String?
    }

    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> Date
    private let times = SecondText()

    /// - Parameter write: Takes each line, without its end.
    package init(now: @escaping @Sendable () -> Date = { Date() }, _ write: @escaping @Sendable (String) -> Void) {
        self.write = write
        self.now = now
    }

    func note(_ exchange: Exchange, _ entry: Entry) {
        var line: [String: Value] = [
            "time": .string(times.text(of: now())), "request": .string(exchange.id),
            "method": .string(exchange.method), "path": .string(String(exchange.path.prefix(200))),
            "status": .integer(entry.status), "ms": .integer(exchange.elapsed.milliseconds),
        ]
        line["agent"] = entry.agent.map(Value.string)
        line["trace"] = entry.trace.map(Value.string)
        line["caller"] = entry.caller.map(Value.string)
        line["error"] = entry.reason.map(Value.string)
        if entry.isStreamed { line["stream"] = true }
        write(Value.object(line).canonicalJSON)
    }
}

/// Times as the log tells them, to the second: each is written once, which takes longer than the rest of a line.
private final class SecondText: Sendable {
    private let last = Mutex<(second: Double, text: String)>((-.infinity, ""))

    func text(of date: Date) -> String {
        let second = date.timeIntervalSince1970.rounded(.down)
        return last.withLock { last in
            if last.second != second { last = (second, Date(timeIntervalSince1970: second).formatted(.iso8601)) }
            return last.text
        }
    }
}
