/// Every report that can be asked for, one line each, sorted by name.
package let allReports: [any Report.Type] = [
    HTMLReport.self,
    JSONReport.self,
    JUnitReport.self,
    MarkdownReport.self,
    TAPReport.self,
    TerminalReport.self,
]
