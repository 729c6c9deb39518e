import Fakes
import Language
import Testing

@testable import Wire

@Suite("MLflowTraceWriter", .timeLimit(.minutes(20)))
struct MLflowTraceWriterTests {
    private func trace(_ number: Int, name: String = "agent", experiment: String = "0") -> MLflowTrace {
        let id = TraceID(high: 1, low: UInt64(number) << 8)
        var root = MLflowSpan(
            id: id.spanID(at: 0), parent: nil, name: name, start: 1_800_000_000_000_000_000,
            end: 1_800_000_001_500_000_000)
        root.attributes = ["mlflow.spanType": "AGENT", "mlflow.spanInputs": ["question": "Wie spät ist es?"]]
        var tool = MLflowSpan(id: id.spanID(at: 1), parent: root.id, name: "clock", start: root.start, end: root.end)
        tool.attributes = ["mlflow.spanType": "TOOL", "mlflow.spanOutputs": "noon"]
        tool.error = "No clock."
        return MLflowTrace(
            id: id, experimentID: experiment, name: name, spans: [root, tool], request: "Wie spät ist es?",
            response: "Mittag.", usage: .init(input: 11, output: 7))
    }

    private func write(
        _ traces: [MLflowTrace], to fake: FakeMLflow, queueLimit: Int = MLflowTraceWriter.queueLimit
    ) async throws -> TraceTally {
        try await MLflowTraceWriter.withWriter(
            to: fake.server(), queueLimit: queueLimit, pause: .zero
        ) { writer in
            for trace in traces { writer.write(trace) }
        }.tally
    }

    private func paths(_ fake: FakeMLflow) -> [String] {
        fake.arrivals.map { "\($0.method) \($0.path)" }
    }

    @Test("A server that tells of itself takes the spans of a hundred traces in one request, and nothing else")
    func spans() async throws {
        let fake = FakeMLflow()
        // It answers once all are there: how many a request takes does not depend on who is faster.
        let (queued, allQueued) = AsyncStream.makeStream(of: Void.self)
        let waiting = Interposed(fake) { _, send in
            for await _ in queued {}
            return try await send()
        }
        let (_, tally) = try await MLflowTraceWriter.withWriter(to: waiting.mlflow, pause: .zero) { writer in
            for number in 1...250 { writer.write(trace(number)) }
            allQueued.finish()
        }
        #expect(tally.written == 250 && tally.missing == 0 && tally.reason == nil)
        #expect(fake.store.traces.count == 250)
        #expect(paths(fake).first == "GET /api/3.0/mlflow/server-info")
        #expect(paths(fake).dropFirst().allSatisfy { $0 == "POST /v1/traces" } && paths(fake).count <= 5)
        let written = try #require(fake.store.traces.first { $0.id == "tr-\(trace(7).id.hexadecimal)" })
        #expect(written.spans.map(\.name) == ["agent", "clock"])
        #expect(written.spans[1].parent == written.spans[0].id && written.spans[0].parent == nil)
        #expect(written.spans.map(\.status) == [1, 2] && written.spans[1].message == "No clock.")
        #expect(written.spans[0].start == 1_800_000_000_000_000_000)
        #expect(written.spans[0].end == 1_800_000_001_500_000_000)
        #expect(written.spans[0].attributes["mlflow.spanInputs"] == #"{"question":"Wie spät ist es?"}"#)
        #expect(written.spans[1].attributes["mlflow.spanOutputs"] == #""noon""#)
        #expect(written.spans[0].attributes["mlflow.traceTag.mlflow.traceName"] == "agent")
    }

    @Test("No request is larger than a server takes in time; a long session is cut, as MLflow wants it")
    func large() async throws {
        let fake = FakeMLflow()
        var traces = (1...5).map { trace($0) }
        for index in traces.indices {
            traces[index].spans[1].attributes["mlflow.spanOutputs"] = .string(String(repeating: "x", count: 7 << 20))
            traces[index].session = String(repeating: "s", count: 300)
        }
        let (queued, allQueued) = AsyncStream.makeStream(of: Void.self)
        let waiting = Interposed(fake) { _, send in
            for await _ in queued {}
            return try await send()
        }
        let (_, tally) = try await MLflowTraceWriter.withWriter(to: waiting.mlflow, pause: .zero) { writer in
            for trace in traces { writer.write(trace) }
            allQueued.finish()
        }
        #expect(tally.written == 5 && tally.missing == 0)
        #expect(paths(fake).filter { $0 == "POST /v1/traces" }.count >= 3)
        let session = fake.store.traces.first?.spans.first?.attributes["session.id"]
        #expect(session?.unicodeScalars.count == 250)
    }

    @Test("A trace that has no room is not even made, and is counted")
    func unmade() async throws {
        let fake = FakeMLflow()
        var made = 0
        let (_, tally) = try await MLflowTraceWriter.withWriter(to: fake.server(), queueLimit: 0) { writer in
            writer.write(making: {
                made += 1
                return trace(1)
            })
        }
        #expect(made == 0 && tally.dropped == 1 && fake.store.traces.isEmpty)
        var queue = TraceQueue(limit: 1, byteLimit: .max)
        let isFull = queue.dropsWhenFull()
        queue.put(trace(1), of: 1)
        #expect(!isFull && queue.dropsWhenFull() && queue.tally.dropped == 1)
    }

    @Test("A part of a trace that somebody else began waits until that one had time to write it, or for the end")
    func joined() async throws {
        var part = trace(1)
        part.spans[0].parent = trace(2).id.spanID(at: 5)
        var queue = TraceQueue(limit: 2, byteLimit: .max)
        queue.put(part, of: part.size)
        queue.put(trace(3), of: trace(3).size)
        queue.put(trace(4), of: trace(4).size)
        #expect(queue.tally.dropped == 1 && queue.isRipening)
        #expect(queue.take(9).map(\.id) == [trace(3).id])
        queue.ripen()
        #expect(queue.take(9).isEmpty && queue.isRipening)
        queue.ripen()
        #expect(queue.take(9).map(\.id) == [part.id] && !queue.isRipening)
        queue.put(part, of: part.size)
        queue.close()
        #expect(queue.take(9).map(\.id) == [part.id])
        let fake = FakeMLflow()
        #expect(try await write([part, trace(3)], to: fake).written == 2)
        // Nobody has to close the writer for it.
        _ = try await MLflowTraceWriter.withWriter(to: fake.server(), pause: .zero) { writer in
            writer.write(part)
            while writer.tally.written == 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    @Test("What spans cannot say goes before them, once a trace")
    func info() async throws {
        let fake = FakeMLflow()
        var linked = trace(1)
        linked.modelID = "m-1"
        linked.runID = "r-1"
        linked.session = "s-1"
        linked.prompts = [.init(name: "greet", version: 3)]
        linked.assessments = [
            MLflowAssessment("contains", from: .code("drover"), feedback: .value(false), rationale: "✗ contains it"),
            MLflowAssessment("cites", from: .judge("j"), feedback: .error(code: "UNOBSERVABLE", message: "Not told.")),
        ]
        let tally = try await write([linked, trace(2)], to: fake)
        #expect(tally.written == 2)
        #expect(paths(fake).filter { $0 == "POST /api/3.0/mlflow/traces" }.count == 1)
        let written = try #require(fake.store.traces.first { $0.info != nil })
        #expect(written.runID == "r-1" && written.spans.count == 2)
        let metadata = written.info?["trace_metadata"]
        #expect(metadata?["mlflow.modelId"] == "m-1" && metadata?["mlflow.sourceRun"] == "r-1")
        #expect(metadata?["mlflow.trace.session"] == "s-1")
        #expect(
            metadata?["mlflow.trace.tokenUsage"] == #"{"input_tokens":11,"output_tokens":7,"total_tokens":18}"#)
        #expect(written.info?["execution_duration"] == "1.500s" && written.info?["state"] == "OK")
        #expect(written.info?["request_time"] == "2027-01-15T08:00:00.000Z")
        #expect(written.info?["tags"]?["mlflow.linkedPrompts"] == #"[{"name":"greet","version":"3"}]"#)
        #expect(written.prompts == [["name": "greet", "version": "3"]])
        #expect(written.assessments.map { $0["source"]?["source_type"] } == ["CODE", "LLM_JUDGE"])
        #expect(written.assessments[0]["feedback"] == ["value": false])
        #expect(written.assessments[0]["metadata"] == ["mlflow.assessment.sourceRunId": "r-1"])
        #expect(written.assessments[1]["feedback"]?["error"]?["error_code"] == "UNOBSERVABLE")
    }

    @Test("A server that cannot link prompts has the tag alone; that it does not know the trace is a loss")
    func unlinkable() async throws {
        var prompted = trace(1)
        prompted.prompts = [.init(name: "greet", version: 3)]
        let html = "<!doctype html><title>405 Method Not Allowed</title>"
        for (steps, written) in [
            ([.json(405, html)], 1), ([.json(404, html)], 1),
            ([.json(404, #"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Trace not found."}"#)], 0),
        ] as [([ScriptedTransport.Step], Int)] {
            let transport = ScriptedTransport([.json("{}")] + steps)
            let server = MLflowServer(
                Endpoint(service: "MLflow", base: "http://mlflow.test", transport: transport))
            let (_, tally) = try await MLflowTraceWriter.withWriter(to: server, route: .spans, pause: .zero) {
                $0.write(prompted)
            }
            #expect(tally.written == written && tally.lost == 1 - written)
            #expect(transport.requests.last?.url.hasSuffix("/api/2.0/mlflow/traces/link-prompts") == true)
        }
    }

    @Test("A server that does not tell of itself gets a file for each trace, and no spans")
    func files() async throws {
        let fake = FakeMLflow(version: "3.5.1")
        let tally = try await write((1...20).map { trace($0) }, to: fake)
        #expect(tally.written == 20 && !paths(fake).contains("POST /v1/traces"))
        let path = "0/traces/tr-\(trace(3).id.hexadecimal)/artifacts/traces.json"
        let file = try Value(json: #require(fake.store.artifacts[path]))
        let spans = try #require(file["spans"]?.array)
        #expect(spans.map { $0["name"] } == ["agent", "clock"])
        #expect(spans[0]["trace_id"] == "AAAAAAAAAAEAAAAAAAADAA==" && spans[0]["parent_span_id"] == .null)
        #expect(spans[1]["parent_span_id"] == spans[0]["span_id"])
        #expect(spans[1]["status"]?["code"] == "STATUS_CODE_ERROR")
        #expect(spans[1]["events"]?.array?.first?["attributes"]?["exception.message"] == "No clock.")
        let requestID = Value.string("\"tr-\(trace(3).id.hexadecimal)\"")
        #expect(spans[0]["attributes"]?["mlflow.traceRequestId"] == requestID)
    }

    @Test("What gets lost on the way is sent again, and is there once", arguments: ["3.17.2", "3.5.1"])
    func resent(version: String) async throws {
        for place in 2...4 {
            let fake = FakeMLflow(version: version)
            fake.cut(.answer(place))
            var judged = trace(1)
            judged.prompts = [.init(name: "greet", version: 3)]
            judged.assessments = [MLflowAssessment("passed", from: .code("drover"), feedback: .value(true))]
            let tally = try await write([judged, trace(2), trace(3)], to: fake)
            #expect(tally.written == 3 && tally.missing == 0)
            #expect(Set(fake.store.traces.map(\.id)).count == 3 && fake.store.traces.count == 3)
            #expect(fake.store.traces.map(\.assessments.count).reduce(0, +) == 1)
            #expect(fake.store.traces.map(\.prompts.count).reduce(0, +) == (version == "3.5.1" ? 0 : 1))
            #expect(fake.store.traces.allSatisfy { version == "3.5.1" || $0.spans.count == 2 })
        }
    }

    @Test("A refused trace is lost alone, and the reason is kept")
    func refused() async throws {
        let fake = FakeMLflow(refusedSpan: "bad")
        let traces = (1...9).map { trace($0, name: $0 == 4 ? "bad" : "agent") }
        let tally = try await write(traces, to: fake)
        #expect(tally.written == 8 && tally.lost == 1 && tally.dropped == 0)
        #expect(tally.reason?.status == 422)
        #expect(fake.store.traces.count == 8)
    }

    @Test("Whoever traces never waits: what finds no room is dropped and counted")
    func dropped() async throws {
        let fake = FakeMLflow()
        let tally = try await write((1...50).map { trace($0) }, to: fake, queueLimit: 20)
        #expect(tally.dropped == 30 && tally.written == 20 && tally.missing == 30)
    }

    /// A trace that takes so many bytes.
    private func large(_ number: Int, _ bytes: Int) -> MLflowTrace {
        var large = trace(number)
        large.spans[1].attributes["mlflow.spanOutputs"] = .string(String(repeating: "x", count: bytes))
        return large
    }

    @Test("Waiting traces take no more bytes than they may, whether ripe or not; batches do not, either")
    func bytes() {
        var queue = TraceQueue(limit: 100, byteLimit: 1 << 20)
        var part = large(9, 300_000)
        part.spans[0].parent = trace(2).id.spanID(at: 5)
        queue.put(part, of: part.size)
        for number in 1...4 { queue.put(large(number, 300_000), of: large(number, 300_000).size) }
        #expect(queue.tally.dropped == 2 && queue.bytes <= 1 << 20 && queue.isHalfFull)
        queue.close()
        #expect(queue.take(9, upTo: 700_000).count == 2)
        #expect(queue.take(9, upTo: 1).count == 1, "One is taken in any case.")
        #expect(queue.take(9).isEmpty && queue.bytes == 0 && !queue.isHalfFull)
    }

    @Test("What finds no room for its bytes is dropped and counted, and smaller ones are written")
    func droppedBytes() async throws {
        let fake = FakeMLflow()
        let (_, tally) = try await MLflowTraceWriter.withWriter(to: fake.server(), queueBytes: 100_000) { writer in
            writer.write(large(1, 200_000))
            writer.write(trace(2))
        }
        #expect(tally.dropped == 1 && tally.written == 1)
    }

    @Test("What the server takes and never ends with is given up, and what comes after it is written")
    func endless() async throws {
        let fake = FakeMLflow()
        let silent = Interposed(fake) { request, send in
            guard case .bytes(let bytes) = request.body, String(decoding: bytes, as: UTF8.self).contains("endless")
            else { return try await send() }
            throw TransportFailure(.timeout, "no answer")
        }
        let (_, tally) = try await MLflowTraceWriter.withWriter(to: silent.mlflow, route: .spans, pause: .zero) {
            writer in
            writer.write(trace(1, name: "endless"))
            while writer.tally.lost == 0 { try await Task.sleep(for: .milliseconds(1)) }
            writer.write(trace(2))
        }
        #expect(tally.lost == 1 && tally.written == 1 && tally.reason?.cause == .transport(.timeout))
    }

    @Test("A server that stays away is given up when nothing moves any more, with a reason")
    func away() async throws {
        let fake = FakeMLflow()
        fake.cut(.before(1))
        let (answer, tally) = try await MLflowTraceWriter.withWriter(
            to: fake.server(), deadline: .milliseconds(20), pause: .milliseconds(1)
        ) { writer in
            writer.write(trace(1))
            return 42
        }
        #expect(answer == 42 && tally.lost == 1 && tally.written == 0)
        #expect(tally.reason?.cause == .transport(.broken))
    }

    @Test("What the body throws is thrown, after its traces were written")
    func bodyThrows() async throws {
        struct Stop: Error {}
        let fake = FakeMLflow()
        await #expect(throws: Stop.self) {
            try await MLflowTraceWriter.withWriter(to: fake.server()) { writer in
                writer.write(trace(1))
                throw Stop()
            }
        }
        #expect(fake.store.traces.count == 1)
    }
}

@Suite("Preview")
struct PreviewTests {
    @Test("A text is cut between characters, never within one, and tells that it was cut")
    func cut() {
        #expect(Preview.cut("short", to: 5) == "short")
        #expect(Preview.cut("longer", to: 5) == "long…")
        let family = "👨‍👩‍👧‍👦"  // Seven scalars, one character.
        #expect(Preview.cut("ab\(family)c", to: 9) == "ab…")
        #expect(Preview.cut("ab\(family)", to: 9) == "ab\(family)")
        #expect(Preview.cut(String(repeating: "e\u{301}", count: 600), to: 1000).unicodeScalars.count == 999)
    }
}
