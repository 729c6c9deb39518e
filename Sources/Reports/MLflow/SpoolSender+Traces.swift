import Language
import Runtime
import Wire

/// How the traces of a spool are sent: some at a time, and each remembered there once MLflow has it.
extension SpoolSender {
    /// The maximum number of traces that are in memory, and about how many bytes they may take together.
    private static let (most, largest) = (100, 8 << 20)

    /// Sends the traces that MLflow does not have yet.
    func sendTraces(
        of suites: inout [String: SpooledSuite], in file: SpooledFile, _ warnings: inout [Diagnostic]
    ) async throws {
        var route: MLflowTraceRoute?
        var refused: [WireError] = []
        var batch: [SpoolEntry.Trace] = []
        var size = 0
        var lines = try file.lines()
        while true {
            let line = try lines.next()
            if let line, SpoolEntry.isTrace(line), var spooled = (try? SpoolEntry(line: line))?.trace,
                let suite = suites[spooled.suite], !suite.traces.contains(spooled.trace.id.hexadecimal)
            {
                spooled.trace.runID = suite.run.id
                batch.append(spooled)
                size += line.count
            }
            if batch.count == Self.most || size > Self.largest || (line == nil && !batch.isEmpty) {
                let known = if let route { route } else { try await server.traceRoute() }
                route = known
                refused += try await write(batch.map(\.trace), known)
                for (name, some) in Dictionary(grouping: batch, by: \.suite) {
                    suites[name]?.note(some.map(\.trace), in: file)
                }
                (batch, size) = ([], 0)
            }
            if line == nil { break }
        }
        if let reason = refused.first { warnings.append(.tracesRefused(refused.count, in: file.path, because: reason)) }
    }

    /// - Returns: Why traces are not there that MLflow refuses for good, one for each.
    /// - Throws: What may pass: some of them are to be sent again.
    private func write(_ traces: [MLflowTrace], _ route: MLflowTraceRoute) async throws -> [WireError] {
        let tally = try await MLflowTraceWriter.withWriter(
            to: server, route: route, queueLimit: .max, queueBytes: .max, clock: clock
        ) { writer in
            for trace in traces { writer.write(trace) }
        }.tally
        guard tally.missing > 0 else { return [] }
        guard let reason = tally.reason else { throw WireError.notInTime(server.endpoint.base) }
        guard !reason.isAway, !reason.mayPass else { throw reason }
        guard traces.count > 1 else { return [reason] }
        // That was the first reason: each of them may have its own.
        let middle = traces.count / 2
        return try await write(Array(traces[..<middle]), route) + write(Array(traces[middle...]), route)
    }
}

extension WireError {
    /// Writing had to end before all was written.
    fileprivate static func notInTime(_ base: String) -> WireError {
        WireError(
            .transport(.timeout), service: "MLflow", operation: "write the traces", method: .post, base: base,
            path: "/v1/traces", message: "not finished in time")
    }
}

extension Diagnostic {
    fileprivate static func tracesRefused(_ count: Int, in path: String, because reason: WireError) -> Diagnostic {
        Diagnostic(
            "earlier-traces-missing", "Earlier traces are not in MLflow",
            detail:
                "MLflow refused \(count) of the traces in `\(path)`. The first reason: \(reason.diagnostic().detail)",
            fix: "Verdicts and evidence stand without them. Run the suites again where they are needed.",
            severity: .warning, cause: .unavailable)
    }
}
