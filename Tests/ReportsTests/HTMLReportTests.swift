import Foundation
import Language
import Suites
import Testing

@testable import Reports

@Suite("HTMLReport")
struct HTMLReportTests {
    @Test("The data of the page are as the golden file says")
    func golden() throws {
        let text = try HTMLReport().text(of: SampleRun().recorded)
        let start = try #require(text.range(of: "<script type=\"application/json\" id=\"run\">"))
        let end = try #require(text.range(of: "</head>"))
        let data = text[start.lowerBound..<end.lowerBound]
        let golden = URL(filePath: SampleRun.directory + "/html.expected")
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(data.utf8).write(to: golden) }
        #expect(data == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
    }

    @Test("Nothing that an agent said can end the element in which it stands")
    func escaping() throws {
        let noise = "</script><!-- <script>\u{2028}\u{0}\u{7F}\u{9B}"
        let text = try HTMLReport().text(of: SampleRun(noise: noise).recorded)
        let quiet = try HTMLReport().text(of: SampleRun(noise: "").recorded)
        #expect(text.components(separatedBy: "</script>").count == quiet.components(separatedBy: "</script>").count)
        #expect(text.components(separatedBy: "<script").count == quiet.components(separatedBy: "<script").count)
        #expect(!text.contains("<!--"))
        let line = try #require(text.split(separator: "\n").first { $0.contains("order 4412") })
        let said = try Value(json: line.utf8)["sample"]?["turns"]?.array?[1]["answer"]?["text"]?.string
        #expect(said?.hasSuffix(noise) == true)
    }

    @Test("How suites and cases went from run to run stands in it, without runs of another kind")
    func trend() throws {
        let run = try SampleRun().recorded
        let whole = RunTotals(run, isWhole: true)
        let read = try #require(RunTotals(try whole.bytes))
        #expect(read == whole)
        let part = RunTotals(run, isWhole: false)
        let text = try HTMLReport().text(of: run.after([whole, part]))
        let summary = try #require(text.split(separator: "\n").first { $0.hasPrefix(#"{"counts":"#) })
        let suites = try Value(json: summary.replacing("</script>", with: "").utf8)["suites"]?.array
        let golden = try #require(suites?.first?["earlier"]?.array)
        #expect(golden.count == 1 && golden[0]["verdict"]?.string == run.run.suites[0].verdict.rawValue)
        #expect(!text.contains(#""earlier":["0/1""#), "What is always the same is not said.")
        let better = try #require(try Self.changed(whole))
        let changed = try HTMLReport().text(of: run.after([better]))
        let ticket = try #require(changed.split(separator: "\n").first { $0.contains(#""earlier":["7/7"]"#) })
        #expect(try Value(json: ticket.utf8)["tally"]?["known"] == 1)
        #expect(RunTotals(Array("{}".utf8)) == nil && RunTotals(Array("[1".utf8)) == nil)
    }

    /// The same totals, in which one case passed seven times.
    private static func changed(_ totals: RunTotals) throws -> RunTotals? {
        let text = String(decoding: try totals.bytes, as: UTF8.self)
        return RunTotals(Array(text.replacing(#""golden/ticket":[0,1]"#, with: #""golden/ticket":[7,7]"#).utf8))
    }

    private static let texts = [
        "", "a", "é – < \u{202E}\u{61C}\u{FEFF}\u{FFFC}", "\u{2029}\u{C2}\u{D8}", "日本語 \u{7F}\u{9F}\u{2066}",
    ]

    @Test("JSON keeps its meaning", arguments: texts)
    func data(text: String) throws {
        let json = Value.string(text).canonicalJSON
        let safe = HTMLPage.data(Array(json.utf8))
        #expect(try Value(json: safe) == .string(text))
        #expect(!String(decoding: safe, as: UTF8.self).unicodeScalars.contains { $0 == "<" || Printable.isControl($0) })
    }

    @Test("It loads nothing, and runs nothing but its own program")
    func closed() throws {
        let text = try HTMLReport().text(of: SampleRun().recorded)
        #expect(text.contains("content=\"default-src 'none'; script-src 'sha256-"))
        #expect(!text.contains(#/\b(src|srcset|poster)=/#) && !text.contains("@import") && !text.contains("url("))
        #expect(!text.contains("unsafe-inline") && !text.contains(#/\son[a-z]+="/#) && !text.contains("innerHTML"))
    }
}
