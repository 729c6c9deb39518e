import Language
import Suites
import Testing

@testable import Reports

@Suite("MarkdownReport")
struct MarkdownReportTests {
    @Test("What agents said stands in it only when contents are asked for")
    func contents() throws {
        let run = try SampleRun().recorded
        let text = try MarkdownReport().text(of: run)
        #expect(!text.contains("4412") && !text.contains("What?") && text.contains("`golden/ticket`"))
        let whole = try MarkdownReport().withContents.text(of: run)
        #expect(whole.contains("    + It was opened today, by you, for order 4412.\n"))
        #expect(whole.hasPrefix(text.prefix(while: { $0 != "|" })), "The head is the same.")
    }

    @Test("However much failed, it fits into a comment, and says what is left out", arguments: [true, false])
    func bounded(contents: Bool) throws {
        let run = try LargeRun.recorded(cases: 3000)
        let report: any Report = contents ? MarkdownReport().withContents : MarkdownReport()
        let text = try report.text(of: run)
        #expect(text.unicodeScalars.count <= 60_000 && text.unicodeScalars.count > 55_000)
        #expect(text.hasPrefix("### ❌ Suites of `large`: failed\n\n**2338 passed, 428 failed, 234 inconclusive**"))
        let shown = text.matches(of: /(?m)^- `large\/case\[row (\d+)\]`$/).count
        let omitted = text.matches(of: /(?m)^_(\d+) more are left out here\._$/).compactMap { Int($0.1) }.reduce(0, +)
        #expect(shown + omitted == 428 + 234)
        #expect(try report.text(of: run) == text)
    }

    @Test("What has no room is shown in fewer words, or left out alone, and hides nothing else")
    func oversized() {
        var sections = MarkdownSections(budget: 10_000)
        let long = "- \(String(repeating: "x", count: 9_000))\n"
        sections.add("- first\n", orElse: nil, to: .failed)
        sections.add(long, orElse: "- second, short\n", to: .failed)
        sections.add([long, "- fourth\n"], to: .failed)
        sections.add(["- other\n"], to: .inconclusive)
        #expect(
            sections.text == """

                #### Failed

                - first
                - second, short
                - fourth

                _1 more is left out here._

                #### Could not be found out

                - other

                """)
    }

    @Test("What one section has room for by itself, and not beside the others, hides nothing else either")
    func beside() {
        var sections = MarkdownSections(budget: 10_000)
        let long = "- \(String(repeating: "x", count: 7_000))\n"
        sections.add([long], to: .failed)
        sections.add(long, orElse: "- short\n", to: .inconclusive)
        sections.add([long, "- last\n"], to: .flaky)
        let text = sections.text
        #expect(text.contains("- short\n") && text.contains("- last\n\n_1 more is left out here._\n"))
        #expect(text.unicodeScalars.count <= 10_000)
    }

    @Test("Sections without anything are left out")
    func sections() throws {
        let text = try MarkdownReport().text(of: SampleRun().recorded.only(suite: 1))
        #expect(text.hasPrefix("### ✅ Suites of `helpdesk`: passed\n\n**1 passed, 0 failed, 0 inconclusive** in "))
        let titles = text.split(separator: "\n").filter { $0.hasPrefix("####") }
        #expect(titles == ["#### Passed, but not every time"])
    }

    @Test("Words from outside mention nobody and are no markup")
    func words() {
        #expect(Markdown.code("a `b` | @c\n") == "``a `b` | @c\\u{A}``")
        #expect(Markdown.codeCell("a `b` | @c\n") == "``a `b` \\| @c\\u{A}``")
        #expect(Markdown.text("~~gone~~") == "\\~\\~gone\\~\\~")
        #expect(Markdown.block(["```", "<b>"]) == "````\n```\n<b>\n````\n")
    }

    @Test("Names in backticks are code spans in sentences of ours, and all else means nothing")
    func prose() {
        #expect(
            Markdown.prose("at most 0.05 below `blessed`, *so* <b>")
                == "at most 0.05 below `blessed`, \\*so\\* &lt;b&gt;")
        #expect(Markdown.prose("`a*b` and `c`") == "`a*b` and `c`")
        #expect(Markdown.prose("one ` alone") == "one \\` alone")
        #expect(Markdown.prose("none: ``") == "none: \\`\\`")
    }
}
