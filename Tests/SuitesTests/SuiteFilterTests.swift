import Language
import Testing

@testable import Suites

@Suite("SuiteFilter")
struct SuiteFilterTests {
    private func testCase(_ suite: String, _ name: String, variant: String? = nil, labels: [String: String] = [:])
        -> TestCase
    {
        TestCase(
            id: CaseID(suite: suite, name: name, variant: variant), name: name, range: place(1), turns: [],
            labels: labels)
    }

    private var suites: [TestSuite] {
        [
            TestSuite(
                name: "golden", agent: "a", range: place(1),
                cases: [
                    testCase("golden", "Refund window", labels: ["area": "money"]),
                    testCase("golden", "From a table", variant: "[row 1]"),
                    testCase("golden", "From a table", variant: "[row 2]"),
                ]),
            TestSuite(name: "smoke", agent: "a", range: place(1), cases: [testCase("smoke", "Hello")]),
        ]
    }

    @Test("What only the cases run that are not selected is not run")
    func programs() throws {
        func asking(_ name: String, _ program: String) throws -> TestCase {
            let expectations = [try expectation("{\"exec\": {\"command\": [\"\(program)\"]}}")]
            let turn = Turn(input: template("q"), inputRange: place(2), expectations: expectations)
            return TestCase(id: CaseID(suite: "s", name: name), name: name, range: place(1), turns: [turn])
        }
        let cases = [try asking("judged", "./judge"), testCase("s", "plain")]
        var suite = TestSuite(name: "s", agent: "a", range: place(1), cases: cases)
        suite.programs = cases.flatMap(\.turns).flatMap(\.expectations).flatMap(\.inquiries).compactMap(\.program)
        #expect(suite.programs.count == 1)
        #expect(try SuiteFilter(cases: ["plain"]).applied(to: [suite]).flatMap(\.programs).isEmpty)
        #expect(try SuiteFilter(cases: ["judged"]).applied(to: [suite]).flatMap(\.programs).count == 1)
    }

    @Test(
        "A filter selects by suite, by any name of a case, and by label",
        arguments: [
            (
                SuiteFilter(),
                ["golden/refund-window", "golden/from-a-table[row 1]", "golden/from-a-table[row 2]", "smoke/hello"]
            ),
            (SuiteFilter(suites: ["smoke"]), ["smoke/hello"]),
            (SuiteFilter(cases: ["Refund window"]), ["golden/refund-window"]),
            (SuiteFilter(cases: ["golden/refund-window", "hello"]), ["golden/refund-window", "smoke/hello"]),
            (SuiteFilter(cases: ["from-a-table"]), ["golden/from-a-table[row 1]", "golden/from-a-table[row 2]"]),
            (SuiteFilter(cases: ["golden/from-a-table[row 2]"]), ["golden/from-a-table[row 2]"]),
            (SuiteFilter(cases: ["from-a-table[row 2]"]), ["golden/from-a-table[row 2]"]),
            (SuiteFilter(labels: ["area": "money"]), ["golden/refund-window"]),
        ])
    func selection(filter: SuiteFilter, expected: [String]) throws {
        #expect(try filter.applied(to: suites).flatMap(\.cases).map(\.id.description) == expected)
    }

    @Test("A name that stands for nothing is reported with the nearest one, and so is an empty selection")
    func mistakes() throws {
        let wrong = SuiteFilter(suites: ["goldn"], cases: ["refund-windw"])
        let problems = #expect(throws: Diagnostics.self) { try wrong.applied(to: suites) }
        #expect(problems?.all.map(\.code.name) == ["unknown-suite", "unknown-case"])
        #expect(problems?.all.map(\.fix) == ["Did you mean `golden`?", "Did you mean `refund-window`?"])
        let empty = SuiteFilter(suites: ["smoke"], labels: ["area": "money"])
        let nothing = #expect(throws: Diagnostics.self) { try empty.applied(to: suites) }
        #expect(nothing?.all.map(\.detail) == ["No declared case has all that is asked for."])
    }

    @Test("Cases that failed and are no longer declared are named where none is left")
    func goneCases() throws {
        var filter = SuiteFilter()
        filter.only = [CaseID(suite: "golden", name: "Gone")]
        let problems = #expect(throws: Diagnostics.self) { try filter.applied(to: suites) }
        #expect(
            problems?.all.map(\.detail) == [
                "No declared case has all that is asked for, and is one of those that did not pass in that run: "
                    + "`golden/gone`."
            ])
    }

    @Test("A label on the command line is a key and a value")
    func label() throws {
        let label = try SuiteFilter.label("area=a=b")
        #expect(label.key == "area" && label.value == "a=b")
        #expect(throws: Diagnostic.self) { try SuiteFilter.label("area") }
        #expect(throws: Diagnostic.self) { try SuiteFilter.label("=b") }
    }
}
