package import Engine
import Language
package import Wire

/// A plan for a pull request: what it does in one line, then a table, then each change folded. The same plan gives the
/// same text, of at most 60,000 characters.
///
///     ### Plan of `helpdesk`: 1 to create, 0 to change, 0 to replace, 0 to delete
///
///     **Nothing is deleted or replaced.**
package enum PlanMarkdown {
    /// In Unicode scalars.
    package static let longest = Markdown.longest
    private static let omission = "\n_%d more changes are left out here. `drover show` tells them all._\n"
    private static let omittedNotes = "\n_%d more notes are left out here._\n"

    package static func render(
        _ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite] = []
    ) -> String {
        let changes = plan.changes.filter { $0.action != .keep }
        let head = head(plan, changes) + fitted(notes(plan, servers, endangered))
        guard !changes.isEmpty else { return head }
        var budget = longest - head.unicodeScalars.count - 200
        let table = Markdown.fitted(changes.map(row), into: &budget)
        let details = Markdown.fitted(changes.prefix(table.count).map(details), into: &budget)
        let shown = min(details.count, table.count)
        var text =
            head + "\n| | What | Live object | Why |\n|---|---|---|---|\n" + table.joined() + "\n" + details.joined()
        if shown < changes.count { text += omission.replacing("%d", with: String(changes.count - shown)) }
        return text
    }

    private static func head(_ plan: Plan, _ changes: [Change]) -> String {
        let name = Markdown.code(plan.stack.name)
        guard !changes.isEmpty else {
            let told = plan.limits.unselected == nil ? "declared" : "selected"
            return (plan.isDrift ? "### Drift of \(name): none\n\n" : "### Plan of \(name): nothing to change\n\n")
                + "**All \(plan.changes.count) \(told) things are as they \(plan.isDrift ? "were left" : "should be").**\n"
        }
        let (title, counts) = PlanText(colors: false).summary(plan)
        return "### \(title) of \(name): \(counts)\n\n**\(verdict(plan))**\n"
    }

    private static func verdict(_ plan: Plan) -> String {
        guard !plan.isDrift else { return "Each line shows what an apply would make of it." }
        let lost = [(plan.count(.replace), "replaced"), (plan.count(.delete), "deleted")].filter { $0.0 > 0 }
        guard !lost.isEmpty else { return "Nothing is deleted or replaced." }
        return "Look closely: " + lost.map { "\($0.0) \($0.0 == 1 ? "is" : "are") \($0.1)" }.joined(separator: ", ")
            + "."
    }

    /// Notes of at most half of the text, so that the changes are told, too.
    private static func fitted(_ notes: [String]) -> String {
        var budget = longest / 2
        let told = Markdown.fitted(notes, into: &budget)
        guard told.count < notes.count else { return told.joined() }
        return told.joined() + omittedNotes.replacing("%d", with: String(notes.count - told.count))
    }

    private static func notes(
        _ plan: Plan, _ servers: [ConnectedServer], _ endangered: [EndangeredSuite]
    ) -> [String] {
        var lines = PlanText.lines(plan.limits).map { "\n\(Markdown.text($0))\n" }
        if !plan.freed.isEmpty {
            lines.append("\nFreed by the promotion, and removed after it, because only older versions use it:\n")
            lines += plan.freed.map {
                "\n- \(Markdown.code($0.address.description)) \(Markdown.text($0.object))\n"
            }
        }
        if !endangered.isEmpty, !plan.isEmpty {
            let suites = endangered.map { suite in
                "\(Markdown.code(suite.name)) (\(suite.told))"
            }
            lines.append("\nEndangers \(suites.joined(separator: ", ")).\n")
            for suite in endangered where !suite.endangered.isEmpty {
                let cases = suite.toldCases.map(Markdown.text).joined(separator: ", ")
                lines.append("\n- \(Markdown.code(suite.name)): \(cases)\n")
            }
        }
        if !servers.isEmpty {
            let places = servers.map { server in
                "\(Markdown.text(server.name)) \(Markdown.text(server.version)) at \(Markdown.code(server.url))"
                    + (server.user.map { " as \(Markdown.text($0))" } ?? "")
                    + (server.workspace.map { ", workspace \(Markdown.text($0))" } ?? "")
            }
            lines.append("\nAgainst \(places.joined(separator: " and ")).\n")
        }
        for warning in plan.warnings { lines.append("\n> ⚠ \(Markdown.text(warning.detail))\n") }
        return lines
    }

    private static func row(_ change: Change) -> String {
        let forcing = change.fields.filter(\.forcesReplacement).map(\.path)
        let outside = change.fields.contains { $0.cause == .drift || $0.cause == .both }
        let why = [
            change.note, forcing.isEmpty ? nil : "\(forcing.joined(separator: ", ")) forces it",
            outside ? "changed outside" : nil,
        ].compactMap(\.self)
        return "| \(Markdown.codeCell(change.sign)) \(change.action.rawValue) "
            + "| \(Markdown.codeCell(change.address.description)) | \(change.label.map(Markdown.cell) ?? "") "
            + "| \(Markdown.cell(why.joined(separator: "; "))) |\n"
    }

    private static func details(_ change: Change) -> String {
        let lines = PlanText(colors: false).lines(change).dropFirst()
        guard !lines.isEmpty else { return "" }
        let body = Markdown.block(lines.map(diffLine), language: "diff")
        let count = change.fields.count
        let name = Markdown.html(change.address.description)
        let fields = count == 1 ? "field" : "fields"
        return "<details><summary>\(name): \(count) \(fields)</summary>\n\n\(body)\n</details>\n"
    }

    /// The signs of a line's difference go to its start, where a diff has them.
    private static func diffLine(_ line: String) -> String {
        line.hasPrefix("        ") ? String(line.dropFirst(8)) : "  " + line.drop { $0 == " " }
    }
}
