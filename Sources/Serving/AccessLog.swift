package import FoundationEssentials
import Language
import Synchronization

/// A line of JSON for each request, without anything of its contents.
///
///     {"agent":"support","method":"POST","ms":812,"path":"/invocations","request":"req_9f…","status":200,"time":"2026-…Z"}
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
        var line = JSONWriter()
        line.reserve(256)
        line.object {
            $0.member("agent", ifAny: entry.agent)
            $0.member("caller", ifAny: entry.caller)
            $0.member("error", ifAny: entry.reason)
            $0.member("method", exchange.method)
            $0.member("ms", exchange.elapsed.milliseconds)
            $0.member("path", String(exchange.path.prefix(200)))
            $0.member("request", exchange.id)
            $0.member("status", entry.status)
            if entry.isStreamed { $0.member("stream", true) }
            $0.member("time", times.text(of: now()))
            $0.member("trace", ifAny: entry.trace)
        }
        write(line.text)
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: StaticString, ifAny text: String?) {
        if let text { member(key, text) }
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
