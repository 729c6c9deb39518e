package import Language

/// A report that is asked for, as `FORMAT=PATH`.
package struct ReportRequest: Sendable {
    package let report: any Report
    /// `-` for standard output.
    package let path: String

    /// Reads `junit=out.xml`.
    /// - Parameter contents: Whether what agents said stands in every format.
    /// - Throws: `Diagnostic` when the format is unknown or the path is missing.
    package init(_ text: String, contents: Bool = false) throws(Diagnostic) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let type = allReports.first(where: { $0.format == parts[0] }) else { throw .unknownReport(parts[0]) }
        guard parts.count == 2, !parts[1].isEmpty else { throw .reportWithoutPath(parts[0]) }
        report = contents ? type.init().withContents : type.init()
        path = parts[1]
    }
}

extension Diagnostic {
    fileprivate static func unknownReport(_ format: String) -> Diagnostic {
        let formats = allReports.map { $0.format }
        return Diagnostic(
            "unknown-report", "Unknown report", detail: "`\(format)` is not a format of reports.",
            fix: Suggestion.nearest(to: format, among: formats).map { "Did you mean `\($0)`?" }
                ?? "Use one of \(formats.listed), such as `junit=out.xml`.",
            cause: .usage)
    }

    fileprivate static func reportWithoutPath(_ format: String) -> Diagnostic {
        Diagnostic(
            "report-without-path", "Report without a path", detail: "The report `\(format)` has no file to go to.",
            fix: "Write `\(format)=PATH`; `-` is standard output.", cause: .usage)
    }
}
