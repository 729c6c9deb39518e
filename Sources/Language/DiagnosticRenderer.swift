/// Writes diagnostics for people, in the order of their places.
///
///     error[unknown-field]: Unknown field
///       --> specs/helpdesk.yaml:14:5
///        |
///     14 |     instrctions: Be brief.
///        |     ^^^^^^^^^^^ An agent has no field `instrctions`.
///        |
///        = fix: Did you mean `instructions`?
package struct DiagnosticRenderer {
    let sources: SourceMap
    private let colors: Bool

    /// Makes a renderer; `colors` says whether the text is for a terminal that understands them.
    package init(sources: SourceMap, colors: Bool) {
        self.sources = sources
        self.colors = colors
    }

    /// All diagnostics, an empty line between two of them; those without a place come last.
    package func render(_ diagnostics: [Diagnostic]) -> String {
        var lines = lines(hidden: diagnostics.flatMap(\.hidden))
        return diagnostics.sortedByPlace().map { render($0, &lines) }.joined(separator: "\n")
    }

    /// The lines that diagnostics rendered one by one share; the secrets at `hidden` are shown in no snippet.
    package func lines(hidden: [SourceRange]) -> LineCache {
        LineCache(sources: sources, hidden: hidden)
    }

    /// Renders one diagnostic, for callers with too many to hold at once.
    package func render(_ diagnostic: Diagnostic, _ lines: inout LineCache) -> String {
        let last = ([diagnostic.subject] + diagnostic.notes.map(\.subject)).compactMap { $0?.start.line }.max()
        let gutter = String(repeating: " ", count: last.map { String($0).count } ?? 0)
        let severity = paint("\(diagnostic.severity.rawValue)[\(diagnostic.code.name)]", .severity(diagnostic.severity))
        var text = severity + paint(": " + Printable.text(diagnostic.summary), .strong) + "\n"
        if let subject = diagnostic.subject {
            text += snippet(subject, diagnostic.detail, .severity(diagnostic.severity), gutter, &lines)
        } else {
            if let address = diagnostic.address { text += place(Printable.text(address), gutter) }
            text += remark("why", diagnostic.detail, gutter)
        }
        if let fix = diagnostic.fix {
            if diagnostic.subject != nil { text += paint("\(gutter) |", .frame) + "\n" }
            text += remark("fix", fix, gutter)
        }
        for note in diagnostic.notes {
            guard let subject = note.subject else {
                text += remark("note", note.text, gutter)
                continue
            }
            text += paint("note", .frame) + paint(": " + Printable.text(note.text), .strong) + "\n"
            text += snippet(subject, "", .frame, gutter, &lines)
        }
        return text
    }

    private func place(_ place: String, _ gutter: String) -> String {
        paint("\(gutter)-->", .frame) + " \(place)\n"
    }

    /// `= fix: …`, with further lines indented below the first.
    private func remark(_ name: String, _ text: String, _ gutter: String) -> String {
        let indentation = String(repeating: " ", count: gutter.count + name.count + 5)
        let body = Printable.lines(text).joined(separator: "\n" + indentation)
        return paint("\(gutter) =", .frame) + " \(paint(name, .strong)): \(body)\n"
    }

    private func snippet(
        _ range: SourceRange, _ detail: String, _ style: Style, _ gutter: String, _ lines: inout LineCache
    ) -> String {
        let snippet = Snippet(of: range, in: &lines)
        let number = String(range.start.line)
        let padding = String(repeating: " ", count: max(0, gutter.count - number.count))
        let empty = paint("\(gutter) |", .frame)
        let indentation = "\n" + empty + String(repeating: " ", count: snippet.indentation + snippet.carets.count + 2)
        let explained = Printable.lines(detail).joined(separator: indentation)
        let carets = paint(snippet.carets + (explained.isEmpty ? "" : " "), style) + explained
        return place(Printable.text(sources.place(range)), gutter) + empty + "\n"
            + paint("\(padding)\(number) |", .frame) + (snippet.text.isEmpty ? "" : " " + snippet.text) + "\n"
            + empty + " " + String(repeating: " ", count: snippet.indentation) + carets + "\n"
    }

    private enum Style {
        case severity(Diagnostic.Severity)
        case frame
        case strong

        var code: String {
            switch self {
            case .severity(.error): "1;31"
            case .severity(.warning): "1;33"
            case .frame: "34"
            case .strong: "1"
            }
        }
    }

    private func paint(_ text: String, _ style: Style) -> String {
        colors && !text.isEmpty ? "\u{1B}[\(style.code)m\(text)\u{1B}[0m" : text
    }
}

extension [Diagnostic] {
    /// Sorted by source, line and column; those without a place keep their order at the end.
    package func sortedByPlace() -> [Diagnostic] {
        enumerated().sorted { left, right in
            switch (left.element.subject, right.element.subject) {
            case (let first?, let second?): first == second ? left.offset < right.offset : first < second
            case (_?, nil): true
            case (nil, _?): false
            case (nil, nil): left.offset < right.offset
            }
        }.map(\.element)
    }
}
