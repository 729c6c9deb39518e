import Testing

@testable import Language

@Suite("Tables")
struct TableTests {
    private func rows(_ text: String) throws -> [[String: Value]] {
        try Table(csv: text).map(\.values)
    }

    @Test("Cells are text, by the names of the first line")
    func plain() throws {
        #expect(
            try rows("question,answer\nHow long?,30 days\r\n\nWho?,") == [
                ["question": "How long?", "answer": "30 days"], ["question": "Who?", "answer": ""],
            ])
    }

    @Test("Quotes keep commas, line breaks and doubled quotes")
    func quotes() throws {
        #expect(try rows("a,b\n\"x, \"\"y\"\"\nz\",\"\"\n") == [["a": "x, \"y\"\nz", "b": ""]])
    }

    @Test("A file with nothing but a header, or nothing at all, has no rows")
    func empty() throws {
        #expect(try rows("a,b\n") == [])
        #expect(try rows("") == [])
    }

    @Test(
        "A malformed file says in which line",
        arguments: [
            ("a,a\n1,2", "Two of its columns have one name: `a` and `a`"),
            ("a,b\n\"1\n2\",3\n4", "Line 4 has 1 cells, and the first line has 2"),
            ("a\n\"1", "A quote that begins in line 2 is never closed"),
            ("a\n\"1\"2", "Line 2 has text after a closing quote"),
        ])
    func malformed(text: String, reason: String) {
        #expect(throws: MalformedTable(reason: reason)) { try Table(csv: text) }
    }

    @Test(
        "CRLF, LF and CR end a line, in every kind of table",
        arguments: ["\n", "\r\n", "\r"])
    func lineEnds(end: String) throws {
        let csv = ["a,b", "1,\"x", "y\"", "", "2,z", ""].joined(separator: end)
        #expect(try rows(csv) == [["a": "1", "b": .string("x\(end)y")], ["a": "2", "b": "z"]])
        #expect(throws: MalformedTable(reason: "Line 5 has 1 cells, and the first line has 2")) {
            try Table(csv: ["a,b", "1,\"x", "y\"", "", "2", ""].joined(separator: end))
        }
        let lines = ["{\"a\": 1}", " ", "", "{\"a\": 18446744073709551615}"].joined(separator: end)
        #expect(try Table(jsonLines: lines).map(\.values) == [["a": 1], ["a": .bigInteger("18446744073709551615")]])
        #expect(try Table(jsonLines: lines + end).count == 2)
        #expect(throws: MalformedTable(reason: "Line 3 is not a JSON object")) {
            try Table(jsonLines: ["{\"a\": 1}", "", "[2]", ""].joined(separator: end))
        }
    }

    @Test("Ten malformed lines are told together")
    func several() {
        let wrong = "has 1 cells, and the first line has 2"
        #expect(throws: MalformedTable(reason: "Line 2 \(wrong). Line 4 \(wrong)")) { try Table(csv: "a,b\n1\n1,2\n3") }
        let objects = #expect(throws: MalformedTable.self) {
            try Table(jsonLines: "{}\n" + String(repeating: "1\n", count: 20))
        }
        let numbers = objects?.reason.matches(of: /Line (\d+) is not a JSON object/).map { $0.1 }
        #expect(numbers == (2...11).map { "\($0)" })
    }

    @Test("JSON Lines keep the types of their values")
    func jsonLines() throws {
        let alike = #expect(throws: MalformedTable.self) {
            try Table(jsonLines: "{\"a\": 1}\n{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        }
        #expect(throws: MalformedTable(reason: "Line 2 has `a` twice")) {
            try Table(jsonLines: "{\"a\": 1}\n{\"a\": 1, \"b\": 2, \"a\": 3}")
        }
        #expect(alike?.reason.hasPrefix("Of line 2, two keys of one object are written") == true)
        #expect(try Table(jsonLines: "{\"a\": 1}\r\n\n{\"a\": \"ä\"}\r\n").map(\.values) == [["a": 1], ["a": "ä"]])
        #expect(throws: MalformedTable(reason: "Line 2 is not a JSON object")) {
            try Table(jsonLines: "{\"a\": 1}\n[2]")
        }
    }
}
