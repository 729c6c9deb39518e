import Engine
package import Language

/// A doctor's report for people.
///
///     OGX 1.5.0 at http://127.0.0.1:31268 (the lab)
///       ✓ answers, and takes changes
///       ✓ the Responses API
///       – shields: Llama Stack 0.2 to 0.7
///
///     Stack helpdesk
///       ✓ models.chat
///       ✗ tools.tickets: Tools that the MCP server does not list
package struct DoctorText: Sendable {
    private let colors: Bool

    package init(colors: Bool) {
        self.colors = colors
    }

    /// The report, and under it each problem with its place and its fix.
    package func render(_ report: Diagnosis, _ sources: SourceMap) -> String {
        var parts = report.servers.map(lines(of:))
        if let stack = report.stack { parts.append(lines(of: report, stack)) }
        if !report.diagnostics.isEmpty {
            let problems = DiagnosticRenderer(sources: sources, colors: colors).render(report.diagnostics)
            parts.append(problems.hasSuffix("\n") ? String(problems.dropLast()) : problems)
        }
        parts.append(summary(of: report))
        return parts.joined(separator: "\n\n")
    }

    private func lines(of server: Diagnosis.Server) -> String {
        let title = [server.name, server.version].compactMap(\.self).joined(separator: " ")
        let generation = server.generation.map { ", generation \($0)," } ?? ""
        var lines = [Printable.text("\(title)\(generation) at \(server.url) (\(server.origin))")]
        if let problem = server.problems.first {
            lines.append(line(.bad, problem.summary))
        } else {
            lines.append(line(.good, "answers, and takes changes"))
        }
        lines += server.features.map { feature in
            feature.isOffered ? line(.good, feature.name) : line(.none, "\(feature.name): \(feature.versions)")
        }
        return lines.joined(separator: "\n")
    }

    private func lines(of report: Diagnosis, _ stack: String) -> String {
        (["Stack \(stack)"] + report.findings.map(line(of:))).joined(separator: "\n")
    }

    private func line(of finding: Finding) -> String {
        switch finding.status {
        case .met(let seen): line(.good, seen.isEmpty ? "\(finding.address)" : "\(finding.address): \(seen)")
        case .limited(let problem): line(.limited, "\(finding.address): \(problem.summary)")
        case .unmet(let problem): line(.bad, "\(finding.address): \(problem.summary)")
        case .unknown(let problem): line(.unknown, "\(finding.address): \(problem.summary)")
        case .skipped(let cause): line(.none, "\(finding.address): not looked at, because of \(cause)")
        }
    }

    private func summary(of report: Diagnosis) -> String {
        let problems = report.diagnostics.filter { $0.severity == .error }.count
        let unseen = report.unseen.isEmpty ? "" : " Not looked at: \(report.unseen.map(\.description).listed)."
        guard problems == 0 else { return "\(problems) problem\(problems == 1 ? "" : "s").\(unseen)" }
        guard report.stack != nil else { return "The servers are well." }
        return "Everything that the spec needs is there: \(report.declared.count) declared.\(unseen)"
    }

    private enum Sign: String {
        case good = "✓"
        case bad = "✗"
        case limited = "!"
        case unknown = "?"
        case none = "–"

        var color: String {
            switch self {
            case .good: "32"
            case .bad: "31"
            case .limited, .unknown: "33"
            case .none: "2"
            }
        }
    }

    private func line(_ sign: Sign, _ text: String) -> String {
        let text = Printable.text(text)
        return colors ? "  \u{1B}[\(sign.color)m\(sign.rawValue)\u{1B}[0m \(text)" : "  \(sign.rawValue) \(text)"
    }
}
