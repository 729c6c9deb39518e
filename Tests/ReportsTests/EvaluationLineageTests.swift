import Language
import Runtime
import Testing

@testable import Reports
@testable import Suites

/// What tells in MLflow whether two runs were judged alike.
@Suite("Lineage of evaluations")
struct EvaluationLineageTests {
    private let range = SourceRange.start(of: SourceID(index: 0))

    private func scorers(_ expectation: String, _ judges: [String: Judge] = [:]) throws -> String {
        var problems = Problems()
        let node = Node(try Value(json: expectation.utf8), at: range)
        let read = try #require(Fields.decode(Suites.Expectation.self, from: node, &problems))
        #expect(problems.diagnostics == [])
        let turn = Turn(input: Template([.literal("q")]), inputRange: range, expectations: [read])
        let testCase = TestCase(id: CaseID(suite: "s", name: "c"), name: "c", range: range, turns: [turn])
        return TestSuite(name: "s", agent: "a", range: range, cases: [testCase], judges: judges).scorersDigest
    }

    @Test("Expectations that are written otherwise are other scorers, also in what a claim does not say")
    func written() throws {
        let long = String(repeating: "x", count: 2_000)
        let others = [
            #"{"similar": {"text": "a"}}"#, #"{"similar": {"text": "a", "atLeast": 0.5}}"#,
            #"{"similar": {"text": "a", "model": "m"}}"#,
            #"{"retrieves": {"documents": ["a"]}}"#, #"{"retrieves": {"documents": ["a"], "within": 3}}"#,
            #"{"retrieves": {"documents": ["a"], "minScore": 0.5}}"#,
            #"{"equals": "a"}"#, #"{"equals": "a", "raw": true}"#,
            "{\"jsonSchema\": {\"enum\": [\"\(long)a\"]}}", "{\"jsonSchema\": {\"enum\": [\"\(long)b\"]}}",
        ]
        #expect(try Set(others.map { try scorers($0) }).count == others.count)
        #expect(try scorers(others[1]) == scorers(#"{"similar": {"atLeast": 0.5, "text": "a"}}"#))
    }

    @Test("A judge that has to agree with itself more decides otherwise")
    func agreement() throws {
        func judged(_ minAgreement: Double?) throws -> String {
            let judge = Judge(name: "j", model: "m", rubric: "r", minAgreement: minAgreement, range: range)
            return try scorers(#"{"judge": "j"}"#, ["j": judge])
        }
        #expect(try judged(nil) != judged(0.9))
    }
}
