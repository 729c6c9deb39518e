package import Engine
import Language
package import Wire

/// A plan for a pull request: what it does in one line, then a table, then each change folded. The same plan gives the
/// same text, of at most 60,000 characters: details are shortened first, and then left out, each as a whole.
///
///     ### Plan of `helpdesk`: 1 to create, 0 to change, 0 to replace, 0 to delete
///
///     **Nothing is deleted or replaced.**
package enum PlanMarkdown {
    /// In Unicode scalars.
    package static let longest = Markdown.longest
    /// The longest cell and note that is shown whole, in Unicode scalars.
    private static let widest = 500
    private static let omission = "\n_%d more changes are left out here. `drover show` tells them all._\n"
    private static let omittedDetails =
        "\n_The details of %d changes are left out here. `drover show` tells them all._\n"
    private static let shortenedDetails = "\n_Long details are shortened here. `drover show` tells them all._\n"
    private static let omittedNotes = "\n_%d more notes are left out here._\n"

    package static func render(
        _ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite] = []
    ) -> String {
        let changes = plan.changes.filter(\.isShown)
        let head = head(plan) + fitted(notes(plan, servers, endangered))
        guard !changes.isEmpty else { return head }
        // The rest is for the table's head and for what is said of all that is left out.
        var budget = longest - head.unicodeScalars.count - 400
        let table = Markdown.fitted(changes.map(row), into: &budget)
        let text =
            head + "\n| | What | Live object | Why |\n|---|---|---|---|\n" + table.joined() + "\n"
            + details(changes.prefix(table.count), within: budget)
        let omitted = changes.count - table.count
        return omitted == 0 ? text : text + omission.replacing("%d", with: String(omitted))
    }

    /// The details of changes: whole, or as short as they have to be so that all have room. Only where the shortest have none,
    /// those of the last changes are left out.
    private static func details(_ changes: ArraySlice<Change>, within budget: Int) -> String {
        let lines = changes.map { ($0, PlanText(colors: false).lines($0).dropFirst().map(diffLine)) }
        for length in DetailLength.all {
            let told = lines.map { details($0, $1, length) }
            let whole = told.filter { !$0.text.isEmpty }
            var rest = budget
            let fitting = Markdown.fitted(whole.map(\.text), into: &rest)
            guard fitting.count == whole.count || length == DetailLength.all.last else { continue }
            let isShortened = whole.prefix(fitting.count).contains(where: \.isShortened)
            return fitting.joined() + (isShortened ? shortenedDetails : "")
                + (fitting.count < whole.count
                    ? omittedDetails.replacing("%d", with: String(whole.count - fitting.count)) : "")
        }
        return ""
    }

    /// How much is told of a change.
    private struct DetailLength: Equatable {
        let lines: Int
        /// In Unicode scalars.
        let width: Int

        static let all = [
            DetailLength(lines: .max, width: .max), DetailLength(lines: 80, width: 500),
            DetailLength(lines: 20, width: 200), DetailLength(lines: 6, width: 120), DetailLength(lines: 2, width: 80),
        ]
    }

    private static func head(_ plan: Plan) -> String {
        let name = Markdown.code(plan.stack.name)
        guard !plan.isEmpty else {
            let told = plan.limits.unselected == nil ? "declared" : "selected"
            if plan.withheld > 0 {
                return "### Plan of \(name): nothing to change\n\n**\(PlanText.unchanged(plan)).**\n"
            }
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

    /// Notes of at most half of the text, so that the changes are told, too. A long one does not keep others out.
    private static func fitted(_ notes: [String]) -> String {
        var budget = longest / 2
        let told = notes.filter { !Markdown.fitted([$0], into: &budget).isEmpty }
        guard told.count < notes.count else { return told.joined() }
        return told.joined() + omittedNotes.replacing("%d", with: String(notes.count - told.count))
    }

    private static func notes(
        _ plan: Plan, _ servers: [ConnectedServer], _ endangered: [EndangeredSuite]
    ) -> [String] {
        var lines = PlanText.lines(plan.limits).map { "\n\(Markdown.text(Markdown.cut($0, to: 4 * widest)))\n" }
        if !plan.freed.isEmpty {
            lines.append("\n\(PlanText.freedTitle(of: plan))\n")
            lines += plan.freed.map {
                "\n- \(Markdown.code($0.address.description)) \(Markdown.text(Markdown.cut($0.object, to: widest)))\n"
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
                    + " (\(Markdown.text(server.origin)))"
                    + (server.user.map { " as \(Markdown.text($0))" } ?? "")
                    + (server.workspace.map { ", workspace \(Markdown.text($0))" } ?? "")
            }
            lines.append("\nAgainst \(places.joined(separator: " and ")).\n")
        }
        for warning in plan.warnings {
            lines.append("\n> ⚠ \(Markdown.text(Markdown.cut(warning.detail, to: 4 * widest)))\n")
        }
        return lines
    }

    private static func row(_ change: Change) -> String {
        let forcing = change.fields.filter(\.forcesReplacement).map(\.path)
        let outside = change.fields.contains { $0.cause == .drift || $0.cause == .both }
        let why = [
            change.note, forcing.isEmpty ? nil : "\(forcing.joined(separator: ", ")) forces it",
            outside ? "changed outside" : nil,
        ].compactMap(\.self)
        return "| \(Markdown.codeCell(change.sign)) \(change.isWithheld ? "held back" : change.action.rawValue) "
            + "| \(Markdown.codeCell(Markdown.cut(change.address.description, to: widest))) "
            + "| \(change.label.map(cell) ?? "") | \(cell(why.joined(separator: "; "))) |\n"
    }

    private static func cell(_ words: String) -> String {
        Markdown.cell(Markdown.cut(words, to: widest))
    }

    private static func details(
        _ change: Change, _ lines: [String], _ length: DetailLength
    ) -> (text: String, isShortened: Bool) {
        guard !lines.isEmpty else { return ("", false) }
        var shown = lines.prefix(length.lines).map { Markdown.cut($0, to: length.width) }
        let isShortened = shown != lines
        if shown.count < lines.count { shown.append("  … \(lines.count - shown.count) more lines") }
        let body = Markdown.block(shown, language: "diff")
        let count = change.fields.count
        let name = Markdown.html(Markdown.cut(change.address.description, to: widest))
        let fields = count == 1 ? "field" : "fields"
        return ("<details><summary>\(name): \(count) \(fields)</summary>\n\n\(body)\n</details>\n", isShortened)
    }

    /// The signs of a line's difference go to its start, where a diff has them.
    private static func diffLine(_ line: String) -> String {
        line.hasPrefix("        ") ? String(line.dropFirst(8)) : "  " + line.drop { $0 == " " }
    }
}
