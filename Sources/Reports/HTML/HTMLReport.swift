import Language
import Runtime
package import Suites

/// The report for people who want to read answers: one page that needs nothing else, with the verdicts and the rules that
/// were missed, every case in a table that can be searched, and the transcript of each sample.
///
///     <!DOCTYPE html>
///     <html lang="en"> … the style …
///     <script type="application/json" id="run">{"stack":"helpdesk","verdict":"failed","suites":[…],…}</script>
///     <script type="application/json" class="cases">
///     {"tally":{"suite":0,"verdict":"failed","decides":true,"passed":0,"taken":1,"wanted":1,"slowest":3400,"used":1124}}
///     {"case":{"id":"golden/ticket",…}}
///     {"sample":{"case":"golden/ticket","number":1,…}}
///     </script>
///     <body> … a summary, a table, a transcript …
///     <script>… what draws all that …</script>
///
/// The lines of cases and samples are those of the log, so that writing reads nothing and keeps nothing. What the page
/// runs is named by its digest, so that nothing else in it can run, and nothing is loaded from anywhere.
package struct HTMLReport: Report {
    package static let format = "html"
    /// How much of the cases stands in one element.
    private static let block = 1 << 20

    package init() {}

    package func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws {
        let page = HTMLPage()
        try output.write(page.head(title: recorded.run.stack))
        try output.write(HTMLPage.dataStart(#"id="run""#))
        try output.write(HTMLPage.data(Array(HTMLValues(recorded).summary.canonicalJSON.utf8)))
        try output.write(HTMLPage.dataEnd)
        for suite in recorded.run.suites.indices {
            try write(suite: suite, of: recorded, to: &output)
        }
        try output.write(page.end)
    }

    private func write(suite: Int, of recorded: RecordedRun, to output: inout ReportOutput) throws {
        let values = HTMLValues(recorded)
        var size = 0
        for position in recorded.positions(ofSuite: suite) {
            if size == 0 { try output.write(HTMLPage.dataStart(#"class="cases""#)) }
            let tally = Value.object(["tally": values.tally(of: position)]).canonicalJSON
            for line in [Array(tally.utf8)] + (try recorded.lines(of: position)) {
                try output.write(HTMLPage.data(line))
                try output.write("\n")
                size += line.count
            }
            guard size >= Self.block else { continue }
            try output.write(HTMLPage.dataEnd)
            size = 0
        }
        if size > 0 { try output.write(HTMLPage.dataEnd) }
    }
}
