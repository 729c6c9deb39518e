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

    @Test("Of very long texts only the ends are compared, and a failure shows excerpts")
    func veryLong() {
        let old = (1...100_000).map { "line \($0)" }
        var new = old
        new[50_000] = "changed"
        let (one, other) = (old.joined(separator: "\n"), new.joined(separator: "\n"))
        #expect(
            TextDifference(from: one, to: other, context: 0).lines == [
                .omitted(50_000), .removed("line 50001"), .added("changed"), .omitted(49_999),
            ])
        let reversed = old.reversed().joined(separator: "\n")
        let shown = Mismatch("It differs.", expected: one, actual: reversed).comparison
        #expect(shown.map { $0.prefix(20) } == ["expected: line 1\nlin", "actual: line 100000\n"])
        #expect(shown.allSatisfy { $0.count < 500 })
    }

    @Test("A long line is cut")
    func longLine() {
        let text = TextDifference(from: "a", to: String(repeating: "b", count: 10_000)).text()
        #expect(text.hasPrefix("- a\n+ bbb") && text.contains("characters left out") && text.count < 600)
    }

    @Test("An excerpt keeps both ends and says what is missing")
    func excerpt() {
        #expect("abcdefghij".excerpt(10) == "abcdefghij")
        let long = "abc" + String(repeating: "-", count: 100) + "j"
        #expect(long.excerpt(4) == "abc … 100 characters left out … j")
    }

    @Test("What an excerpt would hardly make shorter stays whole, another excerpt too")
    func wholeExcerpt() {
        #expect("abcdefghij".excerpt(4) == "abcdefghij")
        #expect(String(repeating: "a", count: 441).excerpt().contains(" … 41 characters left out … "))
        let once = String(repeating: "a", count: 1000).excerpt(100)
        #expect(once.contains("900 characters left out") && once.excerpt(100) == once && once.excerpt(110) == once)
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
