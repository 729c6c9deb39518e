import Language
import Runtime
import Testing
import Wire

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

    @Test("The digest of a dataset tells what is asked, and not what cases are called or how answers are judged")
    func dataset() throws {
        func digest(_ inputs: [[String]], name: String = "c", expecting text: String = "a") throws -> String {
            var problems = Problems()
            let node = Node(["contains": .string(text)], at: range)
            let read = try #require(Fields.decode(Suites.Expectation.self, from: node, &problems))
            let cases = inputs.enumerated().map { number, turns in
                TestCase(
                    id: CaseID(suite: "s", name: "\(name)\(number)"), name: "\(name)\(number)", range: range,
                    turns: turns.map {
                        Turn(input: Template([.literal($0)]), inputRange: range, expectations: [read])
                    })
            }
            let suite = TestSuite(name: "s", agent: "a", range: range, cases: cases)
            return MLflowRunDataset(asking: suite, at: "s.yaml").digest
        }
        let known = try digest([["Hello"], ["Hello", "Thanks"]])
        #expect(known.count == 8)
        #expect(try digest([["Hello"], ["Hello", "Thanks"]], name: "other", expecting: "b") == known)
        for others in [
            [["Hello"], ["Thanks"]], [["Hello"], ["Hello"], ["Thanks"]], [["Hello"], ["Hello\0Thanks"]],
            [["Hello", "Thanks"], ["Hello"]],
        ] {
            #expect(try digest(others) != known, "\(others)")
        }
    }
}
