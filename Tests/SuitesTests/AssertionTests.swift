import Language
import Runtime
import Testing

@testable import Suites

@Suite("Assertions")
struct AssertionTests {
    /// One expectation against one answer.
    struct Example: Sendable, CustomTestStringConvertible {
        enum Wanted: Sendable { case passes, fails, errs }

        let spec: String
        let answer: Answer
        let wanted: Wanted

        init(_ spec: String, _ wanted: Wanted, _ answer: Answer) {
            self.spec = spec
            self.answer = answer
            self.wanted = wanted
        }

        init(_ spec: String, _ wanted: Wanted, _ text: String) {
            self.init(spec, wanted, .said(text))
        }

        var testDescription: String { "\(spec) \(wanted) on `\(answer.text)`" }
    }

    @Test("Each passes what it should and fails what it should", arguments: texts + structure + tools + rest + groups)
    func evaluation(example: Example) throws {
        let expectation = try expectation(example.spec)
        do throws(Unobservable) {
            switch try expectation.evaluate(Observation(example.answer)) {
            case .passed: #expect(example.wanted == .passes)
            case .failed(let mismatch):
                #expect(example.wanted == .fails)
                #expect(mismatch.reason.hasSuffix("."))
                let says = mismatch.expected != nil || mismatch.actual != nil || !mismatch.notes.isEmpty
                #expect(says)
            }
        } catch {
            #expect(example.wanted == .errs)
            #expect(error.reason.hasSuffix("."))
        }
    }

    @Test("Where files could not be listed, what they are is unknown for this reason, and not by the server's version")
    func unnamedSources() throws {
        var answer = Self.sourced
        answer.cited = ["file-1"]
        (answer.tellsCitations, answer.tellsSources) = (false, false)
        answer.unnamedSources = "Could not list the files: 503 Service Unavailable."
        for spec in [#"{"cites": "docs/refunds.md"}"#, #"{"retrieves": "docs/refunds.md"}"#] {
            let expectation = try expectation(spec)
            let error = #expect(throws: Unobservable.self) { try expectation.evaluate(Observation(answer)) }
            #expect(error?.reason.hasSuffix("Could not list the files: 503 Service Unavailable.") == true)
            #expect(error?.reason.contains("0.3") == false)
        }
    }

    @Test(
        "Where texts differ only in characters that look alike, a failure names these",
        arguments: [
            (#"{"contains": "30 days"}"#, "It takes 30\u{A0}days.", "U+00A0"),
            (#"{"equals": "don't"}"#, "don\u{2019}t", "U+2019"),
            (#"{"contains": "on-site visit"}"#, "An on\u{2011}site\u{202F}visit.", "U+2011 and U+202F"),
            (#"{"contains": "40 days"}"#, "It takes 30\u{A0}days.", nil),
            (#"{"contains": "30 weeks"}"#, "It takes 30 days.", nil),
        ])
    func lookAlikes(spec: String, answer: String, named: String?) throws {
        guard case .failed(let mismatch) = try expectation(spec).evaluate(Observation(.said(answer))) else {
            Issue.record("It passes.")
            return
        }
        let wanted = named.map { ["They differ in characters that look like others: \($0)."] } ?? []
        #expect(mismatch.notes.map(\.text) == wanted)
    }

    @Test("What may take long is known at any depth")
    func mayTakeLong() throws {
        let long = [
            #"{"matches": "a+"}"#, #"{"not": {"matches": "a+"}}"#,
            #"{"any": [{"contains": "x"}, {"not": {"matches": "a"}}]}"#,
            #"{"jsonSchema": {"type": "object"}}"#, #"{"calledTool": {"name": "t"}}"#,
        ]
        #expect(try long.map { try expectation($0).mayTakeLong } == long.map { _ in true })
        let quick = [#"{"contains": "x"}"#, #"{"not": {"contains": "x"}}"#, #"{"equals": "x"}"#]
        #expect(try quick.map { try expectation($0).mayTakeLong } == quick.map { _ in false })
    }

    @Test("Every listed assertion has an example that passes and one that fails")
    func coverage() throws {
        let all = Self.texts + Self.structure + Self.tools + Self.rest + Self.groups
        // Those that ask somebody are tried in `AdvisedAssertionTests`.
        let asking: Set<String> = ["judge", "similar", "exec"]
        for name in allAssertions.map({ $0.field.name }) where !asking.contains(name) {
            let own = all.filter { $0.spec.hasPrefix("{\"\(name)\":") }
            #expect(own.contains { $0.wanted == .passes }, "`\(name)` has no example that passes")
            #expect(own.contains { $0.wanted == .fails }, "`\(name)` has no example that fails")
        }
    }

    static let texts: [Example] = [
        Example(#"{"judge": "grounded"}"#, .errs, "Within 30 days."),
        Example(#"{"similar": "In a month."}"#, .errs, "Within 30 days."),
        Example(#"{"similar": "In a month."}"#, .fails, ""),
        Example(#"{"exec": {"command": ["./check"]}}"#, .errs, "Within 30 days."),
        Example(#"{"refuses": false}"#, .passes, "I can't help with that."),
        Example(#"{"refuses": true}"#, .fails, "I can't help with that."),
        Example(#"{"jsonSchema": {"type": "object", "required": ["a"]}}"#, .passes, #"{"a": 1}"#),
        Example(#"{"jsonSchema": {"type": "object", "required": ["a"]}}"#, .fails, #"{"b": 1}"#),
        Example(#"{"contains": "30 days"}"#, .passes, "Within 30 days."),
        Example(#"{"contains": "30 Days"}"#, .fails, "Within 30 days."),
        Example(#"{"contains": "x"}"#, .fails, ""),
        Example(#"{"icontains": "30 DAYS"}"#, .passes, "Within 30 days."),
        Example(#"{"icontains": "14 days"}"#, .fails, "Within 30 days."),
        Example(#"{"containsAll": ["30", "days"]}"#, .passes, "Within 30 days."),
        Example(#"{"containsAll": ["30", "weeks"]}"#, .fails, "Within 30 days."),
        Example(#"{"containsAny": ["weeks", "days"]}"#, .passes, "Within 30 days."),
        Example(#"{"containsAny": ["weeks", "months"]}"#, .fails, "Within 30 days."),
        Example(#"{"startsWith": "Within"}"#, .passes, "\n Within 30 days."),
        Example(#"{"startsWith": "30"}"#, .fails, "Within 30 days."),
        Example(#"{"equals": "42\n"}"#, .passes, " 42"),
        Example(#"{"equals": "42"}"#, .fails, "42."),
        Example(#"{"matches": "(?i)order [0-9]+"}"#, .passes, "Your ORDER 4411 is here."),
        Example(#"{"matches": "\\b5 EUR"}"#, .passes, "It costs 12.5 EUR."),
        Example(#"{"matches": "^order"}"#, .fails, "Your order 4411 is here."),
        Example(#"{"length": {"min": 2, "max": 4}}"#, .passes, "👍👍"),
        Example(#"{"length": {"max": 4}}"#, .fails, "12345"),
        Example(#"{"length": {"min": 6}}"#, .fails, "12345"),
        Example(#"{"length": {"max": 4}}"#, .passes, "cafe\u{301}"),
        Example(#"{"length": {"min": 3, "max": 3}}"#, .passes, "a\r\nb"),
        Example(#"{"contains": "किताब"}"#, .passes, "हमारी किताबें नयी हैं"),
        Example(#"{"not": {"contains": "किताब"}}"#, .fails, "हमारी किताबें नयी हैं"),
        Example(#"{"containsAll": ["किताब", "नय"]}"#, .passes, "हमारी किताबें नयी हैं"),
        Example(#"{"containsAny": ["किताब"]}"#, .passes, "हमारी किताबें नयी हैं"),
        Example(#"{"icontains": "किताब"}"#, .passes, "हमारी किताबें नयी हैं"),
        Example(#"{"startsWith": "किताब"}"#, .passes, "किताबें"),
        Example(#"{"matches": "किताब"}"#, .passes, "हमारी किताबें नयी हैं"),
        Example(#"{"contains": "1"}"#, .passes, "1\u{FE0F}\u{20E3}"),
        Example(#"{"contains": "☎"}"#, .passes, "☎\u{FE0F} 112"),
        Example(#"{"contains": "🇮🇸"}"#, .passes, "Ships to 🇳🇴🇮🇸"),
        Example(#"{"equals": "caf\u00e9"}"#, .passes, "cafe\u{301}"),
        Example(#"{"contains": "cafe\u0301"}"#, .passes, "un caf\u{E9}"),
        Example(#"{"matches": "^caf.$"}"#, .passes, "cafe\u{301}"),
        Example(#"{"equals": "Opening hours:\n9 to 17\n"}"#, .passes, "Opening hours:\n9 to 17"),
        Example(#"{"contains": "hours:\n"}"#, .passes, "Opening hours:"),
        Example(#"{"contains": "hours:\n\n"}"#, .fails, "Opening hours:"),
        Example(#"{"contains": "\n"}"#, .fails, "one line"),
        Example(#"{"containsAll": ["9 to 17\n"]}"#, .passes, "Opening hours:\n9 to 17"),
        Example(#"{"startsWith": "Opening\n"}"#, .passes, "Opening hours"),
        Example(#"{"icontains": "OPENING\n"}"#, .passes, "Opening hours"),
        Example(#"{"matches": "^Opening$\n"}"#, .passes, "Opening"),
        Example(#"{"equals": "one\ntwo"}"#, .passes, "one\r\ntwo"),
        Example(#"{"equals": "one\r\ntwo"}"#, .passes, "one\ntwo"),
        Example(#"{"contains": "one\ntwo"}"#, .passes, "one\r\ntwo"),
        Example(#"{"matches": "one\\r?\\ntwo"}"#, .passes, "one\r\ntwo"),
        Example(#"{"matches": "one\\s\\stwo"}"#, .passes, "one\r\ntwo"),
        Example(#"{"matches": "(?m)^Total: \\d+$"}"#, .passes, "Name: x\r\nTotal: 5\r\nEnd"),
        Example(#"{"matches": "a.b"}"#, .fails, "a\nb"),
        Example(#"{"matches": "^b$"}"#, .fails, "a\nb"),
        Example(#"{"matches": "^\\w+$"}"#, .passes, "Gr\u{F6}\u{DF}e"),
        Example(#"{"matches": "\\b3\\b"}"#, .passes, "It is 3.5 km"),
        Example(#"{"matches": "\\b3\\b"}"#, .fails, "It is a3 km"),
        Example(#"{"matches": "\\bexample\\b"}"#, .passes, "to example.com"),
        Example(#"{"matches": "\\bकिताब"}"#, .passes, "हमारी किताबें नयी हैं"),
        Example(#"{"icontains": "i\u0307zmir"}"#, .passes, "ISTANBUL \u{130}zmir"),
        Example(#"{"icontains": "stra\u00dfe"}"#, .passes, "STRASSE"),
        Example(#"{"icontains": "οδος"}"#, .passes, "ΟΔΟΣ"),
        Example(#"{"icontains": "sIr"}"#, .fails, "s\u{131}r"),
    ]

    private static let order = #"{"id": 4411, "items": [{"sku": "a"}, {"sku": "b"}], "note": null}"#

    static let structure: [Example] = [
        Example(#"{"json": true}"#, .passes, "[1, 2]"),
        Example(#"{"json": true}"#, .fails, "```json\n[1, 2]\n```"),
        Example(#"{"json": true}"#, .fails, ""),
        Example(#"{"jsonPath": {"path": "$.id", "equals": 4411}}"#, .passes, order),
        Example(
            #"{"jsonPath": {"path": "$.id", "equals": 18446744073709551615}}"#, .passes,
            #"{"id": 18446744073709551615}"#),
        Example(
            #"{"jsonPath": {"path": "$.id", "equals": 18446744073709551615}}"#, .fails, #"{"id": 18446744073709551614}"#
        ),
        Example(
            #"{"jsonPath": {"path": "$.id", "contains": "551615"}}"#, .passes, #"{"id": 18446744073709551615}"#),
        Example(
            #"{"jsonPath": {"path": "$.id", "matches": "^18446744073709551615$"}}"#, .passes,
            #"{"id": 18446744073709551615}"#),
        Example(#"{"jsonPath": {"path": "$.id", "equals": 9007199254740993}}"#, .fails, #"{"id": 9007199254740992.0}"#),
        Example(#"{"jsonPath": {"path": "$.x-id", "equals": 1}}"#, .passes, #"{"x-id": 1}"#),
        Example(#"{"jsonPath": {"path": "$.id", "equals": 4411.0}}"#, .passes, order),
        Example(#"{"jsonPath": {"path": "$.id", "equals": "4411"}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.note", "equals": null}}"#, .passes, order),
        Example(#"{"jsonPath": {"path": "$.id", "equals": null}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.items[*].sku", "equals": "b"}}"#, .passes, order),
        Example(#"{"jsonPath": {"path": "$.items[0].sku", "equals": "b"}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.items[-1].sku", "matches": "^b$"}}"#, .passes, order),
        Example(#"{"jsonPath": {"path": "$.items[1].sku", "matches": "^a$"}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.items", "contains": "sku"}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.tags", "contains": "new"}}"#, .passes, #"{"tags": ["old", "new"]}"#),
        Example(#"{"jsonPath": {"path": "$.name", "contains": "new"}}"#, .passes, #"{"name": "renewed"}"#),
        Example(#"{"jsonPath": {"path": "$.total"}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.total", "exists": false}}"#, .passes, order),
        Example(#"{"jsonPath": {"path": "$.id", "exists": false}}"#, .fails, order),
        Example(#"{"jsonPath": {"path": "$.id"}}"#, .fails, "no JSON"),
        Example(#"{"jsonPath": {"path": "$.id", "equals": 4411}}"#, .passes, "```json\n\(order)\n```\n"),
        Example(#"{"jsonPath": {"path": "$.id", "equals": 4411}}"#, .fails, "Here:\n```json\n\(order)\n```"),
        Example(#"{"json": true}"#, .passes, "\u{FEFF}[1]"),
        Example(#"{"jsonPath": {"path": "$.n", "equals": "caf\u00e9"}}"#, .fails, #"{"n": "cafe\u0301"}"#),
        Example(#"{"jsonPath": {"path": "$.n", "contains": "a\nb"}}"#, .fails, #"{"n": "a\r\nb"}"#),
        Example(#"{"jsonPath": {"path": "$.n", "contains": "किताब"}}"#, .passes, #"{"n": "किताबें"}"#),
        Example(#"{"jsonPath": {"path": "$.n", "equals": 9007199254740992.0}}"#, .fails, #"{"n": 9007199254740993}"#),
    ]

    private static let calls = Answer.said(
        "Done.",
        calls: [
            Answer.ToolCall(name: "knowledge", tool: "knowledge", arguments: ["query": "refund"]),
            Answer.ToolCall(
                name: "ticket_create", tool: "tickets", arguments: ["order": "4411", "lines": [1, 2]], error: "busy"),
            Answer.ToolCall(name: "ticket_create", tool: "tickets", arguments: ["order": "4412"]),
        ])
    private static let calm = Answer.said("Done.")
    /// A turn that ends with a call that the caller has to carry out.
    private static var waiting: Answer {
        var answer = Answer(
            status: .completed,
            toolCalls: [Answer.ToolCall(name: "knowledge", tool: "knowledge", arguments: ["query": "refund"])])
        answer.pendingCalls = [Answer.ToolCall(name: "lookup", tool: "lookup", arguments: ["id": "77"])]
        return answer
    }

    static let tools: [Example] = [
        Example(#"{"calledTool": "ticket_create"}"#, .passes, calls),
        Example(#"{"calledTool": "tickets"}"#, .passes, calls),
        Example(#"{"calledTool": "ticket_close"}"#, .fails, calls),
        Example(#"{"calledTool": {"name": "ticket_create", "arguments": {"order": "4411"}}}"#, .passes, calls),
        Example(#"{"calledTool": {"name": "ticket_create", "arguments": {"order": 4411}}}"#, .fails, calls),
        Example(#"{"calledTool": {"name": "tickets", "arguments": {"lines": [1, 2]}}}"#, .passes, calls),
        Example(#"{"calledTool": {"name": "tickets", "arguments": {"lines": [1]}}}"#, .fails, calls),
        Example(#"{"calledTool": {"name": "ticket_create", "times": 2}}"#, .passes, calls),
        Example(#"{"calledTool": {"name": "ticket_create", "times": 1}}"#, .fails, calls),
        Example(#"{"calledTool": {"name": "ticket_close", "times": 0}}"#, .passes, calls),
        Example(#"{"calledTool": {"name": "ticket_create", "after": "knowledge"}}"#, .passes, calls),
        Example(#"{"calledTool": {"name": "knowledge", "after": "ticket_create"}}"#, .fails, calls),
        Example(#"{"calledTool": {"name": "knowledge", "after": "unheard-of"}}"#, .fails, calls),
        Example(#"{"noTool": true}"#, .passes, calm),
        Example(#"{"noTool": true}"#, .fails, calls),
        Example(#"{"toolOrder": ["knowledge", "ticket_create"]}"#, .passes, calls),
        Example(#"{"toolOrder": ["ticket_create", "ticket_create"]}"#, .passes, calls),
        Example(#"{"toolOrder": ["ticket_create", "knowledge"]}"#, .fails, calls),
        Example(#"{"toolOrder": ["knowledge", "ticket_close"]}"#, .fails, calls),
        Example(#"{"calledTool": {"name": "lookup", "arguments": {"id": "77"}}}"#, .passes, waiting),
        Example(#"{"calledTool": {"name": "lookup", "after": "knowledge"}}"#, .passes, waiting),
        Example(#"{"toolOrder": ["knowledge", "lookup"]}"#, .passes, waiting),
        Example(#"{"noTool": true}"#, .fails, waiting),
        Example(#"{"status": "completed"}"#, .passes, waiting),
        Example(
            #"{"calledTool": {"name": "knowledge", "arguments": {"query": "caf\u00e9"}}}"#, .fails,
            Answer.said(
                "", calls: [Answer.ToolCall(name: "knowledge", tool: "knowledge", arguments: ["query": "cafe\u{301}"])])
        ),
        Example(#"{"toolErrors": 1}"#, .passes, calls),
        Example(#"{"toolErrors": 0}"#, .fails, calls),
    ]

    private static let sourced = Answer(
        status: .completed, text: "30 days.", hasMessage: true,
        retrieved: [
            Answer.Passage(document: "docs/refunds.md", score: 0.9),
            Answer.Passage(document: "docs/faq.md", score: 0.2),
        ],
        cited: ["docs/refunds.md"], usage: Answer.Usage(input: 100, output: 20), steps: 2, latency: .seconds(3),
        timeToFirstToken: .seconds(1), streamedText: "30 days.")
    private static let silent = Answer(status: .completed, text: "x", hasMessage: true, tellsSources: false)
    private static let scoreless = Answer(
        status: .completed, text: "x", hasMessage: true, retrieved: [Answer.Passage(document: "a.md")])

    static let rest: [Example] = [
        Example(#"{"cites": "docs/refunds.md"}"#, .passes, sourced),
        Example(#"{"cites": "docs/faq.md"}"#, .fails, sourced),
        Example(#"{"cites": "docs/faq.md"}"#, .errs, silent),
        Example(#"{"retrieves": {"documents": ["docs/faq.md", "docs/refunds.md"]}}"#, .passes, sourced),
        Example(#"{"retrieves": "docs/faq.md"}"#, .passes, sourced),
        Example(#"{"retrieves": "docs/none.md"}"#, .fails, sourced),
        Example(#"{"retrieves": {"documents": ["docs/faq.md"], "within": 1}}"#, .fails, sourced),
        Example(
            #"{"cites": "caf\u00e9.md"}"#, .fails,
            Answer(status: .completed, hasMessage: true, cited: ["cafe\u{301}.md"])),
        Example(#"{"retrieves": {"documents": ["docs/faq.md"], "minScore": 0.5}}"#, .fails, sourced),
        Example(#"{"retrieves": {"documents": ["docs/faq.md"]}}"#, .errs, silent),
        Example(#"{"retrieves": {"documents": ["a.md"], "minScore": 0.5}}"#, .errs, scoreless),
        Example(#"{"latency": "3s"}"#, .passes, sourced),
        Example(#"{"latency": "2900ms"}"#, .fails, sourced),
        Example(#"{"firstToken": "1s"}"#, .passes, sourced),
        Example(#"{"firstToken": "500ms"}"#, .fails, sourced),
        Example(#"{"firstToken": "500ms"}"#, .errs, silent),
        Example(#"{"tokens": {"input": 100, "output": 20, "total": 120}}"#, .passes, sourced),
        Example(#"{"tokens": {"total": 119}}"#, .fails, sourced),
        Example(#"{"tokens": {"output": 19}}"#, .fails, sourced),
        Example(#"{"tokens": {"total": 1000}}"#, .errs, silent),
        Example(#"{"steps": 2}"#, .passes, sourced),
        Example(#"{"steps": 1}"#, .fails, sourced),
        Example(#"{"steps": 1}"#, .errs, silent),
        Example(#"{"streams": true}"#, .passes, sourced),
        Example(
            #"{"streams": true}"#, .fails,
            Answer(status: .completed, text: "30 days.", hasMessage: true, streamedText: "30 day")),
        Example(#"{"streams": true}"#, .fails, Answer(status: .completed, hasMessage: true, streamedText: "")),
        Example(#"{"streams": true}"#, .errs, silent),
        Example(#"{"status": "completed"}"#, .passes, sourced),
        Example(#"{"status": "completed"}"#, .fails, Answer(status: .completed)),
        Example(#"{"status": "completed"}"#, .fails, Answer(status: .failed, error: "no such model")),
        Example(#"{"status": "incomplete"}"#, .passes, Answer(status: .incomplete)),
        Example(#"{"status": "failed"}"#, .passes, Answer(status: .failed)),
        Example(#"{"status": "failed"}"#, .fails, sourced),
    ]

    static let groups: [Example] = [
        Example(#"{"not": {"contains": "sorry"}}"#, .passes, "30 days."),
        Example(#"{"not": {"contains": "days"}}"#, .fails, "30 days."),
        Example(#"{"not": {"steps": 1}}"#, .errs, silent),
        Example(#"{"not": {"not": {"contains": "days"}}}"#, .passes, "30 days."),
        Example(#"{"all": [{"contains": "30"}, {"contains": "days"}]}"#, .passes, "30 days."),
        Example(#"{"all": [{"contains": "30"}, {"contains": "weeks"}]}"#, .fails, "30 days."),
        Example(#"{"all": [{"contains": "x"}, {"steps": 1}]}"#, .errs, silent),
        Example(#"{"all": [{"contains": "y"}, {"steps": 1}]}"#, .fails, silent),
        Example(#"{"any": [{"contains": "weeks"}, {"contains": "days"}]}"#, .passes, "30 days."),
        Example(#"{"any": [{"contains": "weeks"}, {"contains": "months"}]}"#, .fails, "30 days."),
        Example(#"{"any": [{"contains": "x"}, {"steps": 1}]}"#, .passes, silent),
        Example(#"{"any": [{"contains": "y"}, {"steps": 1}]}"#, .errs, silent),
        Example(
            #"{"atLeast": {"n": 2, "of": [{"contains": "3"}, {"contains": "x"}, {"contains": "d"}]}}"#, .passes, "3d"),
        Example(
            #"{"atLeast": {"n": 2, "of": [{"contains": "3"}, {"contains": "x"}, {"contains": "y"}]}}"#, .fails, "3d"),
    ]
}
