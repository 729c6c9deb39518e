package import Engine
import Language
import Suites
package import Wire

/// A plan for people.
///
///     Stack quickstart
///       OGX 1.5.0      http://127.0.0.1:18321 (the lab)
///       MLflow 3.17.2  http://127.0.0.1:18500 (the lab)
///
///       ~ vectorStores.handbook  vector store vs_1f (handbook)
///           documents.docs/refunds.md: content changed
///
///     Plan: 0 to create, 1 to change, 0 to replace, 0 to delete.
///     Freed by the promotion, and removed after it, because only older versions use it:
///       - vectorStores.handbook  vector store vs_0a (handbook)
///     Endangers the suite golden (7 cases, about 5230 tokens by its last run).
///       golden: refund-window (820 tokens), delivery (700 tokens), …
package struct PlanText: Sendable {
    private let colors: Bool
    /// The columns of a value; wider ones are cut.
    private static let widestValue = 160
    /// The columns of the name that a server has for something, and of a server's own name: a wider one is cut where it
    /// stands beside others, and stands whole below.
    private static let widestName = 60

    package init(colors: Bool) {
        self.colors = colors
    }

    package func render(_ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite] = []) -> String {
        let changes = plan.changes.filter(\.isShown)
        var lines = ["Stack \(bold(plan.stack.name))"] + Self.lines(servers) + [""]
        for change in changes { lines += self.lines(change) }
        if plan.isEmpty {
            lines += (changes.isEmpty ? [] : [""]) + ["Nothing to change: \(Self.unchanged(plan))."]
        } else {
            let (title, counts) = summary(plan)
            lines += ["", "\(title): \(counts)."]
            if plan.isDrift { lines.append("Each line shows what an apply would make of it.") }
        }
        lines += Self.lines(plan.limits)
        if !plan.freed.isEmpty { lines += [Self.freedTitle(of: plan)] + Self.freed(by: plan) }
        if !endangered.isEmpty, !plan.isEmpty {
            let names = endangered.map { "\($0.name) (\($0.told))" }
            lines.append(
                "Endangers \(endangered.count == 1 ? "the suite" : "the suites") \(names.joined(separator: ", ")).")
            lines += endangered.filter { !$0.endangered.isEmpty }.map {
                dim("  \(Printable.text($0.name)): \($0.toldCases.map(Printable.text).joined(separator: ", "))")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// What a plan says that does nothing: `9 declared, all as they should be`.
    static func unchanged(_ plan: Plan) -> String {
        let all = "\(plan.changes.count) \(plan.limits.unselected == nil ? "declared" : "selected")"
        guard plan.withheld > 0 else { return "\(all), all as they should be" }
        return "\(all), all as they should be but for \(plan.withheld) held back by gates"
    }

    private static func lines(_ servers: [ConnectedServer]) -> [String] {
        let titles = servers.map { Printable.text("\($0.name) \($0.version)") }
        let width = min(titles.map(Printable.width).max() ?? 0, widestName)
        let rows = zip(titles, servers).map { title, server in
            let shown = Printable.padded(Printable.clipped(title, to: width), to: width)
            return "  \(shown)  " + Printable.text(server.place)
        }
        return rows + titles.filter { Printable.width(of: $0) > width }.map { "  in full: \($0)" }
    }

    /// What a plan frees, a line each.
    package static func freed(by plan: Plan) -> [String] {
        plan.freed.map { "  - \(Printable.text($0.address.description))  \(Printable.text($0.object))" }
    }

    /// What goes before what a plan frees.
    static func freedTitle(of plan: Plan) -> String {
        let cause = plan.changes.contains { $0.action == .promote } ? "the promotion" : "what is done to releases"
        return "Freed by \(cause), and removed after it, because only older versions use it:"
    }

    /// What a selection adds, and leaves out.
    static func lines(_ limits: Plan.Limits) -> [String] {
        var lines: [String] = []
        if !limits.companions.isEmpty {
            lines.append(
                "Comes along, because it is needed: \(limits.companions.map(\.description).joined(separator: ", ")).")
        }
        if !limits.leftOut.isEmpty {
            lines.append(
                "Left out, because it needs what is excluded: \(limits.leftOut.map(\.description).joined(separator: ", "))."
            )
        }
        if let count = limits.unselected {
            lines.append("Not looked at, because of the selection: \(count) declared.")
        }
        if limits.unremoved > 0 {
            lines.append("Would be removed too, but for this selection: \(limits.unremoved).")
        }
        return lines
    }

    func lines(_ change: Change) -> [String] {
        let note = change.note.map { Printable.text(" — \($0)") } ?? ""
        let label = change.label.map(Printable.text) ?? ""
        let shown = Printable.clipped(label, to: Self.widestName)
        let sign = color(change.action, change.sign)
        let head = "  \(sign) \(bold(change.address.description))\(label.isEmpty ? "" : dim("  " + shown))\(note)"
        let full = shown == label ? [] : [dim("      in full: \(label)")]
        return [head] + change.fields.flatMap(\.parts).flatMap { lines($0, of: change.action) } + full
    }

    private func lines(_ field: FieldChange, of action: Action) -> [String] {
        let cause =
            switch field.cause {
            case .drift: dim(field.old == nil && field.new != nil ? "  (removed outside)" : "  (changed outside)")
            case .both: dim("  (changed here and outside)")
            case .spec, nil: ""
            }
        let force =
            (field.changesOnlyNormalisation ? dim("  (only the Unicode normalisation differs)") : "")
            + (field.forcesReplacement ? color(.replace, "  # forces replacement") : "")
        let head = "      \(Printable.text(field.path)): "
        if let note = field.note.map(Printable.text) { return [head + note + force + cause] }
        if field.isKnownAfterApply { return [head + "(known after apply)" + force + cause] }
        if case .string(let old)? = field.old, case .string(let new)? = field.new, old.isLong || new.isLong {
            return [head + force + cause] + difference(old, new)
        }
        switch (field.old, field.new) {
        case (nil, let new?): return [head + spelled(new) + force + cause]
        case (let old?, nil): return [head + "\(spelled(old)) → (removed)" + force + cause]
        case (let old?, let new?):
            guard !old.interpolated.isLong, !new.interpolated.isLong else {
                return [head + force + cause] + difference(old.prettyJSON, new.prettyJSON)
            }
            return [head + "\(spelled(old)) → \(spelled(new))" + force + cause]
        case (nil, nil): return []
        }
    }

    private func difference(_ old: String, _ new: String) -> [String] {
        TextDifference(from: old, to: new, context: 1).lines.map { line in
            let text = "        \(Printable.text(line.text))"
            switch line {
            case .added: return color(.create, text)
            case .removed: return color(.delete, text)
            case .same, .omitted: return dim(text)
            }
        }
    }

    private func spelled(_ value: Value) -> String {
        Printable.cut(Printable.oneLine(value.interpolated), to: Self.widestValue)
    }

    /// What a plan is, and how many things it does.
    func summary(_ plan: Plan) -> (title: String, counts: String) {
        guard !plan.isDrift else { return ("Drift", Self.driftCounts(plan)) }
        var parts = [
            "\(plan.count(.create)) to create", "\(plan.count(.update)) to change",
            "\(plan.count(.replace)) to replace", "\(plan.count(.delete)) to delete",
        ]
        if plan.count(.adopt) > 0 { parts.append("\(plan.count(.adopt)) to adopt") }
        if plan.count(.forget) > 0 { parts.append("\(plan.count(.forget)) to forget") }
        if plan.count(.check) > 0 { parts.append("\(plan.count(.check)) to check") }
        if plan.count(.promote) > 0 { parts.append("\(plan.count(.promote)) to promote") }
        if plan.count(.propose) > 0 { parts.append("\(plan.count(.propose)) to propose for approval") }
        if plan.withheld > 0 { parts.append("\(plan.withheld) held back by gates") }
        return ("Plan", parts.joined(separator: ", "))
    }

    private static func driftCounts(_ plan: Plan) -> String {
        let changes = plan.changes.filter { $0.action != .keep }
        let lost = changes.count(where: \.isLost)
        let unknown = changes.count { $0.isUnrecorded && !$0.isLost }
        let parts = [
            (changes.count - lost - unknown, "changed outside"), (lost, "deleted outside"),
            (unknown, "with no record of who changed it"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    private func color(_ action: Action, _ text: String) -> String {
        let code =
            switch action {
            case .keep: "0"
            case .create, .promote: "32"
            case .adopt, .check, .propose: "36"
            case .update: "33"
            case .replace, .delete, .forget: "31"
            }
        return colors ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private func bold(_ text: String) -> String {
        colors ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    private func dim(_ text: String) -> String {
        colors ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }
}

extension FieldChange {
    /// Whether the two texts look the same: one has a letter as one character, the other as a letter and a mark.
    fileprivate var changesOnlyNormalisation: Bool {
        guard case .string(let old)? = old, case .string(let new)? = new else { return false }
        return old == new && !old.isExactly(new)
    }

    /// A change of a map as the changes of what is in it; else itself. One that is added or removed whole, and is short
    /// enough for its line, stays whole.
    fileprivate var parts: [FieldChange] {
        guard note == nil, !isKnownAfterApply, isTakenApart, let old = old.map(\.object) ?? [:],
            let new = new.map(\.object) ?? [:]
        else { return [self] }
        let keys = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
        return keys.sorted().flatMap { key in
            FieldChange(
                "\(path).\(key)", old: old[key], new: new[key], forcesReplacement: forcesReplacement, cause: cause
            ).parts
        }
    }
}

extension FieldChange {
    private var isTakenApart: Bool {
        if old != nil, new != nil { return true }
        return (old ?? new)?.interpolated.isLong ?? false
    }
}

extension String {
    fileprivate var isLong: Bool {
        unicodeScalars.contains("\n") || Printable.width(of: self) > 60
    }
}
