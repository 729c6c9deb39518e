import Language
import Wire

/// Checks the health of servers.
struct Health: Sendable {
    let transport: any HTTPTransport

    /// Whether a server of a lab answers on a port as expected.
    func isGood(_ server: LabServer, port: Int, timeout: Duration) async throws -> Bool {
        let url = "http://127.0.0.1:\(port)\(server.healthPath)"
        do {
            return try await transport.send(HTTPRequest(.get, url, timeout: timeout)).status == 200
        } catch is TransportFailure {
            return false
        }
    }

    /// Waits until a server that was just started answers.
    /// `report` is called every five seconds with the elapsed time.
    /// - Returns: how long it took.
    /// - Throws: `Diagnostic` with the end of the log when it has ended or the time is over.
    func wait(
        for server: LabServer, _ process: BackgroundProcess, port: Int, log: String, within limit: Duration,
        report: @Sendable (Duration) -> Void
    ) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        var next = Duration.seconds(5)
        while true {
            if clock.now - start >= next {
                report(next)
                next += .seconds(5)
            }
            // A server that has ended did not answer: something else has its port.
            let isGood = try await isGood(server, port: port, timeout: .seconds(5))
            if isGood, process.isRunning { return clock.now - start }
            guard process.isRunning else { throw Diagnostic.ended(server, log: log) }
            guard clock.now - start < limit else { throw Diagnostic.silent(server, port: port, after: limit, log: log) }
            try await clock.sleep(for: .milliseconds(100))
        }
    }
}

extension Diagnostic {
    fileprivate static func ended(_ server: LabServer, log: String) -> Diagnostic {
        Diagnostic(
            "lab-server-crashed", "Server ended while it started",
            detail: "The \(server.title) ended before it answered. The end of `\(log)`:\n"
                + LogTail.lastLines(15, ofFile: log),
            fix: "Run `drover lab up` again; when it fails again, removing all its data starts afresh.",
            cause: .unavailable
        )
    }

    fileprivate static func silent(_ server: LabServer, port: Int, after limit: Duration, log: String) -> Diagnostic {
        Diagnostic(
            "lab-server-silent", "Server does not answer",
            detail:
                "The \(server.title) runs, but `http://127.0.0.1:\(port)\(server.healthPath)` did not answer within "
                + "\(limit.exact). The end of `\(log)`:\n" + LogTail.lastLines(15, ofFile: log),
            fix: "Run `drover lab up` again to wait longer.", cause: .unavailable)
    }
}
