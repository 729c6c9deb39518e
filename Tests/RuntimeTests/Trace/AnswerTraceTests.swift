import Fakes
import Language
import Runtime
import Testing
import Wire

@Suite("AnswerTrace")
struct AnswerTraceTests {
    private let trace: Trace = {
        var root = Span("support", .agent, start: 1_000_000_000, end: 2_500_000_000, inputs: ["input": []])
        root.children = [Span("lab/llm", .chatModel, start: 1_000_000_000, end: 2_000_000_000)]
        return Trace(id: TraceID(high: 1, low: 2), root: root, request: "How long?", response: "30 days.")
    }()

    @Test("It is written with its spans, and linked to the version that answered", arguments: ["3.17.2", "3.5.1"])
    func linked(version: String) async throws {
        let fake = FakeMLflow(version: version)
        let place = MLflowPlace(experimentID: "0", modelID: "m-1", modelURI: "models:/support/3")
        #expect(await AnswerTrace(trace, at: place).write(to: fake.server()) == nil)
        let written = try #require(fake.store.traces.first)
        #expect(fake.store.traces.count == 1 && written.experimentID == "0")
        let info = try #require(written.info)
        #expect(
            info["trace_metadata"]?["mlflow.modelId"] == "m-1" && info["tags"]?["drover.model"] == "models:/support/3")
        #expect(info["request_preview"] == "How long?" && info["response_preview"] == "30 days.")
        let file = fake.store.artifacts.first { $0.key.hasSuffix("/\(written.id)/artifacts/traces.json") }
        let spans =
            try version == "3.5.1" ? Value(json: #require(file?.value))["spans"]?.array?.count : written.spans.count
        #expect(spans == 2)
    }

    @Test("Of an agent that is not logged, it is linked to nothing, and its spans say all")
    func unlinked() async throws {
        let fake = FakeMLflow()
        #expect(await AnswerTrace(trace, at: MLflowPlace(experimentID: "0")).write(to: fake.server()) == nil)
        let written = try #require(fake.store.traces.first)
        #expect(written.info == nil && written.spans.map(\.name) == ["support", "lab/llm"])
    }

    @Test("With MLflow away, it is given up in time, with one warning")
    func away() async throws {
        let fake = FakeMLflow()
        fake.cut(.before(1))
        let warning = await AnswerTrace(trace, at: MLflowPlace(experimentID: "0")).write(
            to: fake.server(), deadline: .milliseconds(20))
        #expect(warning?.code.name == "trace-missing" && warning?.severity == .warning)
    }

    @Test("What MLflow refuses is told in its words")
    func refused() async throws {
        let fake = FakeMLflow()
        let warning = await AnswerTrace(trace, at: MLflowPlace(experimentID: "99", modelID: "m-1")).write(
            to: fake.server())
        #expect(warning?.detail.contains("No Experiment with id=99 exists") == true)
        #expect(fake.store.traces.isEmpty)
    }
}
