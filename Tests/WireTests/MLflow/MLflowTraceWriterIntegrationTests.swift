import Foundation
import Language
import Support
import Synchronization
import Testing

@testable import Wire

/// The writer on a real MLflow, from the Python that `scripts/test` makes (`DROVER_TEST_PYTHON`).
@Suite(.serialized) struct MLflowTraceWriterIntegrationTests {
    @Test(
        "Of a thousand traces that are written while the server is killed and started again, each is there once",
        .timeLimit(.minutes(5)))
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let mlflow = try RealMLflow(in: directory)
            try await mlflow.start()
            do {
                try await writeWhileRestarting(mlflow)
            } catch {
                try await mlflow.kill()
                throw error
            }
            try await mlflow.kill()
        }
    }

    private func writeWhileRestarting(_ mlflow: RealMLflow) async throws {
        try await AsyncHTTPTransport.withTransport { transport in
            let server = MLflowServer(Endpoint(service: "MLflow", base: mlflow.url, transport: transport))
            let experiment = try await server.createExperiment("restart")
            let traces = (0..<1000).map { Self.trace($0, experiment) }
            let (_, tally) = try await MLflowTraceWriter.withWriter(
                to: server, deadline: .seconds(120), pause: .milliseconds(200)
            ) { writer in
                for trace in traces { writer.write(trace) }
                while writer.tally.written < 150 { try await Task.sleep(for: .milliseconds(5)) }
                try await mlflow.kill()
                #expect(writer.tally.written < 1000, "The server was killed too late to be in the way.")
                try await mlflow.start()
            }
            #expect(tally.written == 1000 && tally.missing == 0, "\(tally)")
            let found = try await server.traceIDs(inExperiment: experiment)
            #expect(found.count == 1000 && Set(found) == Set(traces.map(\.traceID)))
            for trace in traces.prefix(10) + traces.suffix(10) {
                let spans = try await server.spans(of: trace.traceID)
                #expect(spans.map { $0["name"] } == ["agent", "llm"])
            }
        }
    }

    /// Every tenth has what only a writing of its own can say.
    private static func trace(_ number: Int, _ experiment: String) -> MLflowTrace {
        let id = TraceID(high: 4711, low: UInt64(number + 1) << 8)
        let start = 1_795_000_000_000_000_000 + number * 1_000_000
        var root = MLflowSpan(id: id.spanID(at: 0), parent: nil, name: "agent", start: start, end: start + 900_000)
        root.attributes = ["mlflow.spanType": "AGENT", "mlflow.spanInputs": ["question": .integer(number)]]
        var model = MLflowSpan(id: id.spanID(at: 1), parent: root.id, name: "llm", start: start, end: start + 800_000)
        model.attributes = ["mlflow.spanType": "CHAT_MODEL"]
        var trace = MLflowTrace(id: id, experimentID: experiment, name: "agent", spans: [root, model])
        if number.isMultiple(of: 10) {
            trace.requestID = "case \(number)"
            trace.assessments = [MLflowAssessment("passed", from: .code("drover"), feedback: .value(true))]
        }
        return trace
    }
}

extension MLflowServer {
    /// All traces of an experiment: `POST /api/3.0/mlflow/traces/search`, 500 a page.
    fileprivate func traceIDs(inExperiment id: String) async throws -> [String] {
        var ids: [String] = []
        var token: Value?
        repeat {
            var body: [String: Value] = [
                "locations": [["type": "MLFLOW_EXPERIMENT", "mlflow_experiment": ["experiment_id": .string(id)]]],
                "max_results": 500,
            ]
            body["page_token"] = token
            let page: Value = try await endpoint.decode(
                Call("list the traces", .post, "/api/3.0/mlflow/traces/search", body: .json(.object(body))))
            ids += (page["traces"]?.array ?? []).compactMap { $0["trace_id"]?.string }
            token = page["next_page_token"]
        } while token != nil
        return ids
    }

    fileprivate func spans(of trace: String) async throws -> [Value] {
        let call = Call("read the trace", .get, "/api/3.0/mlflow/traces/get", query: [("trace_id", trace)])
        return try await endpoint.decode(call, as: Value.self)["trace"]?["spans"]?.array ?? []
    }
}

/// A real MLflow server in a process group of its own, which can be killed and started again on the same data.
private final class RealMLflow: Sendable {
    let url: String
    private let port: Int
    private let shell: DroverProgram
    private let python: String
    private let group = Mutex<String?>(nil)

    init(in directory: String) throws {
        python = try #require(
            ProcessInfo.processInfo.environment["DROVER_TEST_PYTHON"], "`scripts/test` sets DROVER_TEST_PYTHON.")
        port = try Self.freePort()
        url = "http://127.0.0.1:\(port)"
        shell = DroverProgram(in: directory, environment: ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"])
    }

    /// Returns when the server answers.
    func start() async throws {
        let started = try await shell.run(
            "/bin/sh",
            [
                "-c",
                """
                setsid "\(python)" -m mlflow server --host 127.0.0.1 --port \(port) --workers 1 \
                    --backend-store-uri "sqlite:///$PWD/mlflow.db" --artifacts-destination "$PWD/artifacts" \
                    >>server.log 2>&1 </dev/null & echo $!
                """,
            ])
        let pid = started.output.filter(\.isNumber)
        group.withLock { $0 = pid }
        let healthy = try await shell.run(
            "/usr/bin/env",
            ["curl", "-sf", "--retry", "180", "--retry-delay", "1", "--retry-connrefused", "\(url)/health"])
        let log = try await shell.run("/bin/sh", ["-c", "tail -5 server.log"])
        try #require(healthy.code == 0, "\(log.output)")
    }

    /// Kills the whole group at once, in whatever it is doing.
    func kill() async throws {
        guard let group = group.withLock({ $0 }) else { return }
        let killed = try await shell.run("/bin/sh", ["-c", "kill -s KILL -- -\(group)"])
        try #require(killed.code == 0, "\(killed.errors)")
        let health = try await shell.run("/usr/bin/env", ["curl", "-sf", "-m", "2", "\(url)/health"])
        try #require(health.code != 0, "The server still answers.")
        self.group.withLock { $0 = nil }
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
