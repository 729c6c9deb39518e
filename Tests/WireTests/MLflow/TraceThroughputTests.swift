import Foundation
import Language
import Testing

@testable import Wire

/// Not a test: what `scripts/bench traces` measures, the real writer on the server that it names. Skipped elsewhere.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DROVER_BENCH_MLFLOW_URL"] != nil), .serialized)
struct TraceThroughputTests {
    @Test("Traces a second", arguments: [false, true])
    func throughput(areLinked: Bool) async throws {
        let environment = ProcessInfo.processInfo.environment
        let url = try #require(environment["DROVER_BENCH_MLFLOW_URL"])
        let experiment = try #require(environment["DROVER_BENCH_EXPERIMENT"])
        let count = try #require(environment["DROVER_BENCH_TRACES"].flatMap { Int($0) })
        try await AsyncHTTPTransport.withTransport { transport in
            let server = MLflowServer(Endpoint(service: "MLflow", base: url, transport: transport))
            let traces = (0..<count).map { Self.trace($0, experiment, areLinked: areLinked) }
            let clock = ContinuousClock()
            let start = clock.now
            let (_, tally) = try await MLflowTraceWriter.withWriter(to: server, deadline: .seconds(60)) { writer in
                for trace in traces { writer.write(trace) }
            }
            let seconds = (clock.now - start) / .seconds(1)
            try #require(tally.written == count && tally.missing == 0, "\(tally)")
            print("drover \(areLinked ? "linked" : "plain") \(count) \(seconds)")
        }
    }

    /// The same steps and texts as `scripts/benchmarks/traces.py` writes; linked to a model or not.
    private static func trace(_ number: Int, _ experiment: String, areLinked: Bool) -> MLflowTrace {
        let id = TraceID.random()
        let start = Int(Date().timeIntervalSince1970 * 1000) * 1_000_000
        let question = "What is the refund window of order \(number)?"
        let text = String(repeating: "Returned goods are paid back within 30 days. ", count: 12)
        let messages: Value = [["role": "user", "content": .string(question)]]
        func span(_ index: Int, _ name: String, _ type: Value, _ inputs: Value, _ outputs: Value) -> MLflowSpan {
            MLflowSpan(
                id: id.spanID(at: index), parent: index == 0 ? nil : id.spanID(at: 0), name: name, start: start,
                end: start + 1_000_000,
                attributes: ["mlflow.spanType": type, "mlflow.spanInputs": inputs, "mlflow.spanOutputs": outputs])
        }
        var trace = MLflowTrace(
            id: id, experimentID: experiment, name: "support",
            spans: [
                span(0, "support", "AGENT", ["input": messages], ["output": .string(text)]),
                span(1, "llm", "CHAT_MODEL", ["messages": messages], ["content": .string(text)]),
                span(2, "knowledge", "RETRIEVER", ["query": .string(question)], [["page_content": .string(text)]]),
                span(3, "llm", "CHAT_MODEL", ["messages": messages], ["content": .string(text)]),
            ], request: question, response: text, usage: .init(input: 100, output: 50))
        trace.spans[0].attributes["mlflow.chat.tokenUsage"] = trace.usage?.json
        trace.session = "session-\(number)"
        if areLinked { trace.modelID = "m-00000000000000000000000000000000" }
        return trace
    }
}
