import Language
import Testing
import Wire

@testable import Reports

@Suite("What a plan reads of evaluation runs")
struct EvaluationRunTests {
    private static func run(tags: String = "", metrics: String = "") throws -> MLflowRun {
        let text = """
            {"info":{"run_id":"r","experiment_id":"0","run_name":"golden","status":"FINISHED","artifact_uri":""},
             "data":{"tags":[\(tags)],"metrics":[\(metrics)]}}
            """
        return try Value(json: Array(text.utf8)).decoded()
    }

    @Test(
        "Tokens that are no number of tokens are not known",
        arguments: [
            (#"{"key":"total_tokens","value":5230}"#, 5230), (#"{"key":"total_tokens","value":5230.0}"#, 5230),
            (#"{"key":"total_tokens","value":"NaN"}"#, nil), (#"{"key":"total_tokens","value":1e300}"#, nil),
            (#"{"key":"total_tokens","value":-1}"#, nil), ("", nil),
        ] as [(String, Int?)])
    func tokens(metrics: String, known: Int?) throws {
        #expect(try Self.run(metrics: metrics).totalTokens == known)
    }

    @Test("A run of a shard is of a part, as is one of chosen cases")
    func part() throws {
        #expect(try !Self.run().isOfPart)
        #expect(try Self.run(tags: #"{"key":"drover.part","value":"chosen cases"}"#).isOfPart)
        #expect(try Self.run(tags: #"{"key":"drover.shard","value":"1/2"}"#).isOfPart)
    }
}
