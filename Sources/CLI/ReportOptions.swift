import ArgumentParser
import FoundationEssentials
import Language
import Reports

/// The options for the reports of a run.
struct ReportOptions: ParsableArguments {
    @Option(
        name: .customLong("report"),
        help: "Also write FORMAT=PATH: html, json, junit, markdown or tap, such as junit=out.xml; repeatable.")
    var reports: [String] = []

    @Flag(help: "Show in reports for pull requests (markdown), too, what agents said.")
    var contents = false

    func requests() throws -> [ReportRequest] {
        let requests = try reports.map { try ReportRequest($0, contents: contents) }
        guard requests.count(where: { $0.path == "-" }) < 2 else {
            throw ValidationError("Only one --report can go to standard output (-).")
        }
        var paths: Set<String> = []
        for request in requests where !paths.insert(URL(filePath: request.path).standardizedFileURL.path).inserted {
            throw ValidationError("Two --report go to \(Printable.text(request.path)): one would replace the other.")
        }
        return requests
    }
}
