import Language

/// Words from outside as Markdown that shows them and nothing else: no markup, no HTML, nothing that controls a terminal.
enum Markdown {
    /// In Unicode scalars: comments on pull requests hold 65,536.
    static let longest = 60_000

    /// A code span outside of tables, where a backslash would be shown.
    static func code(_ words: String) -> String {
        let plain = Printable.text(words).replacing("\n", with: " ")
        let fence = String(repeating: "`", count: longestRun(in: plain) + 1)
        let padding = plain.hasPrefix("`") || plain.hasSuffix("`") ? " " : ""
        return fence + padding + plain + padding + fence
    }

    /// A code span in a table.
    static func codeCell(_ words: String) -> String {
        code(words).replacing("|", with: "\\|")
    }

    /// A cell of a table.
    static func cell(_ words: String) -> String {
        text(words).replacing("\n", with: " ").replacing("|", with: "\\|")
    }

    /// Text without meaning for Markdown and HTML.
    static func text(_ words: String) -> String {
        let special = Set("\\`*_[]#~".unicodeScalars)
        return html(words).unicodeScalars.map { special.contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    /// Sentences of ours with names in backticks: these are code spans, and nothing else has a meaning.
    static func prose(_ words: String) -> String {
        let parts = words.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        guard parts.count % 2 == 1 else { return text(words) }
        return parts.enumerated().map { index, part in
            index % 2 == 0 ? text(part) : part.isEmpty ? text("``") : code(part)
        }.joined()
    }

    static func html(_ words: String) -> String {
        Printable.text(words).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// Lines as a block of code, whatever fences are in them.
    static func block(_ lines: [String], language: String = "", indentation: String = "") -> String {
        let body = lines.joined(separator: "\n")
        let fence = String(repeating: "`", count: max(3, longestRun(in: body) + 1))
        return (["\(fence)\(language)"] + lines + [fence]).map { "\(indentation)\($0)\n" }.joined()
    }

    /// As many of the texts as fit into a budget of Unicode scalars, from the first on.
    static func fitted(_ texts: [String], into budget: inout Int) -> [String] {
        var fitting: [String] = []
        for text in texts {
            let size = text.unicodeScalars.count
            guard size <= budget else { break }
            budget -= size
            fitting.append(text)
        }
        return fitting
    }

    /// Words of at most so many Unicode scalars, and `…` where more are left out.
    static func cut(_ words: String, to length: Int) -> String {
        let scalars = words.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: length, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return words }
        return String(String.UnicodeScalarView(scalars[..<end])) + "…"
    }

    private static func longestRun(in text: String) -> Int {
        text.utf8.split { $0 != UInt8(ascii: "`") }.map(\.count).max() ?? 0
    }
}
