import Testing

@testable import Suites

@Suite("Text for readers of failures")
struct TextDifferenceTests {
    @Test("Changed lines are shown with the lines around them, the rest is counted")
    func difference() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8"
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9"
        #expect(
            TextDifference(from: old, to: new, context: 1).text() == """
                  … 3 equal lines
                  4
                - 5
                + five
                  6
                  … 1 equal line
                  8
                + 9
                """)
    }

    @Test("Equal texts differ in nothing")
    func equal() {
        #expect(TextDifference(from: "a\nb", to: "a\nb").text() == "  … 2 equal lines")
    }

    @Test("A difference is cut at its limit")
    func limit() {
        let difference = TextDifference(from: "", to: "1\n2\n3\n4")
        #expect(difference.text(limit: 2) == "- \n+ 1\n… 3 more lines")
    }

    @Test("An excerpt keeps both ends and says what is missing")
    func excerpt() {
        #expect("abcdefghij".excerpt(10) == "abcdefghij")
        #expect("abcdefghij".excerpt(4) == "abc … 6 characters left out … j")
    }

    @Test("Long texts are compared by lines, short ones stand side by side")
    func comparison() {
        let short = Mismatch("It differs.", expected: "a", actual: "b")
        #expect(short.comparison == ["expected: a", "actual: b"])
        let lines = (1...30).map { "line \($0)" }
        let long = Mismatch(
            "It differs.", expected: lines.joined(separator: "\n"), actual: lines.dropLast().joined(separator: "\n"))
        #expect(
            long.comparison == [
                "expected (-) and actual (+):\n  … 27 equal lines\n  line 28\n  line 29\n- line 30"
            ])
    }
}
