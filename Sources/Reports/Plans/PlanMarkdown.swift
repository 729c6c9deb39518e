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
    /// In Unicode scalars: comments on pull requests hold 65,536.
    package static let longest = 60_000
    private static let omission = "\n_%d more changes are left out here. `drover show` tells them all._\n"

    package static func render(
        _ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite] = []
    ) -> String {
        let changes = plan.changes.filter { $0.action != .keep }
        let head = head(plan, changes) + notes(plan, servers, endangered)
        guard !changes.isEmpty else { return head }
        var budget = longest - head.unicodeScalars.count - 200
        let table = fitted(changes.map(row), into: &budget)
        let details = fitted(changes.prefix(table.count).map(details), into: &budget)
        let shown = min(details.count, table.count)
        var text =
            head + "\n| | What | Live object | Why |\n|---|---|---|---|\n" + table.joined() + "\n" + details.joined()
        if shown < changes.count { text += omission.replacing("%d", with: String(changes.count - shown)) }
        return text
    }

    private static func head(_ plan: Plan, _ changes: [Change]) -> String {
        guard !changes.isEmpty else {
            return "### Plan of \(code(plan.stack.name)): nothing to change\n\n"
                + "**All \(plan.changes.count) declared things are as they should be.**\n"
        }
        let summary = PlanText(colors: false).summary(plan)
        let counts = summary.dropFirst("Plan: ".count).dropLast()
        return "### Plan of \(code(plan.stack.name)): \(counts)\n\n**\(verdict(plan))**\n"
    }

    private static func verdict(_ plan: Plan) -> String {
        let lost = [(plan.count(.replace), "replaced"), (plan.count(.delete), "deleted")].filter { $0.0 > 0 }
        guard !lost.isEmpty else { return "Nothing is deleted or replaced." }
        return "Look closely: " + lost.map { "\($0.0) \($0.0 == 1 ? "is" : "are") \($0.1)" }.joined(separator: ", ")
            + "."
    }

    private static func notes(
        _ plan: Plan, _ servers: [ConnectedServer], _ endangered: [EndangeredSuite]
    ) -> String {
        var lines = PlanText.lines(plan.limits).map { "\n\(text($0))\n" }
        if !endangered.isEmpty, !plan.isEmpty {
            let suites = endangered.map { "\(code($0.name)) (\($0.cases) \($0.cases == 1 ? "case" : "cases"))" }
            lines.append("\nEndangers \(suites.joined(separator: ", ")).\n")
        }
        if !servers.isEmpty {
            let places = servers.map { server in
                "\(text(server.name)) \(text(server.version)) at \(code(server.url))"
                    + (server.user.map { " as \(text($0))" } ?? "")
                    + (server.workspace.map { ", workspace \(text($0))" } ?? "")
            }
            lines.append("\nAgainst \(places.joined(separator: " and ")).\n")
        }
        for warning in plan.warnings { lines.append("\n> ⚠ \(text(warning.detail))\n") }
        return lines.joined()
    }

    private static func row(_ change: Change) -> String {
        let forcing = change.fields.filter(\.forcesReplacement).map(\.path)
        let outside = change.fields.contains { $0.cause == .drift || $0.cause == .both }
        let why = [
            change.note, forcing.isEmpty ? nil : "\(forcing.joined(separator: ", ")) forces it",
            outside ? "changed outside" : nil,
        ].compactMap(\.self)
        return "| \(code(change.action.sign.isEmpty ? " " : change.action.sign)) \(change.action.rawValue) "
            + "| \(code(change.address.description)) | \(change.label.map(cell) ?? "") "
            + "| \(cell(why.joined(separator: "; "))) |\n"
    }

    private static func details(_ change: Change) -> String {
        let lines = PlanText(colors: false).lines(change).dropFirst()
        guard !lines.isEmpty else { return "" }
        let body = lines.map(diffLine).joined(separator: "\n")
        let fence = String(repeating: "`", count: max(3, longestRun(in: body) + 1))
        let count = change.fields.count
        return "<details><summary>\(html(change.address.description)): \(count) \(count == 1 ? "field" : "fields")"
            + "</summary>\n\n\(fence)diff\n\(body)\n\(fence)\n\n</details>\n"
    }

    /// The signs of a line's difference go to its start, where a diff has them.
    private static func diffLine(_ line: String) -> String {
        line.hasPrefix("        ") ? String(line.dropFirst(8)) : "  " + line.drop { $0 == " " }
    }

    /// As many of the texts as fit.
    private static func fitted(_ texts: [String], into budget: inout Int) -> [String] {
        var fitting: [String] = []
        for text in texts {
            let size = text.unicodeScalars.count
            guard size <= budget else { break }
            budget -= size
            fitting.append(text)
        }
        return fitting
    }

    private static func longestRun(in text: String) -> Int {
        text.utf8.split { $0 != UInt8(ascii: "`") }.map(\.count).max() ?? 0
    }

    /// A code span, also in a table.
    private static func code(_ words: String) -> String {
        let plain = Printable.text(words).replacing("\n", with: " ").replacing("|", with: "\\|")
        let fence = String(repeating: "`", count: longestRun(in: plain) + 1)
        let padding = plain.hasPrefix("`") || plain.hasSuffix("`") ? " " : ""
        return fence + padding + plain + padding + fence
    }

    private static func cell(_ words: String) -> String {
        text(words).replacing("\n", with: " ").replacing("|", with: "\\|")
    }

    /// Text without meaning for Markdown and HTML.
    private static func text(_ words: String) -> String {
        let special = Set("\\`*_[]#".unicodeScalars)
        return html(words).unicodeScalars.map { special.contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    private static func html(_ words: String) -> String {
        Printable.text(words).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
