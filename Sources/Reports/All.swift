/// Every report that `--report` can write, one line each, sorted by name.
package let allReports: [any Report.Type] = [
    JSONReport.self,
    JUnitReport.self,
    TerminalReport.self,
]
