package import Language

/// Answers that people judged, from a table with the columns `answer`, `label` and perhaps `question`:
///
///     question,answer,label
///     What is the refund window?,30 days,pass
package struct Labels: Sendable, Hashable {
    package struct Row: Sendable, Hashable {
        package let question: String?
        package let answer: String
        /// Whether people found it good.
        package let isGood: Bool
    }

    /// Never empty, with good and bad answers among them.
    package let rows: [Row]
    /// SHA-256 of the file's text.
    package let digest: String

    /// Reads a file that a spec names.
    /// - Throws: All mistakes in it, at its path.
    package static func read(_ path: Located<String>, in folder: SpecFolder) throws(Diagnostics) -> Labels {
        let text: String
        do throws(Diagnostic) {
            text = try folder.text(of: path)
        } catch {
            throw Diagnostics([error])
        }
        return try Labels(text, of: path)
    }

    /// - Throws: All mistakes in the file, at its path.
    package init(_ text: String, of path: Located<String>) throws(Diagnostics) {
        let table: Table
        do throws(Diagnostic) {
            table = try Table.read(text, of: path)
        } catch {
            throw Diagnostics([error])
        }
        var rows: [Row] = []
        var mistakes: [Diagnostic] = []
        for (index, row) in table.enumerated() {
            do throws(Mistake) {
                rows.append(try Row(row))
            } catch {
                mistakes.append(.badLabel(path, "Row \(index + 1) \(error.reason)."))
                if mistakes.count == 10 || error.isOfAll { break }
            }
        }
        if mistakes.isEmpty, Set(rows.map(\.isGood)).count < 2 {
            mistakes.append(.oneClass(path, isGood: rows.first?.isGood ?? true))
        }
        guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
        self.rows = rows
        digest = sha256Hex(text.utf8)
    }

    /// The end of a sentence, and whether it is so of every row.
    fileprivate struct Mistake: Error {
        let reason: String
        var isOfAll = false
    }
}

extension Labels.Row {
    fileprivate init(_ row: Table.Row) throws(Labels.Mistake) {
        for column in ["answer", "label"] where row.values[column] == nil {
            let columns = row.values.keys.sorted().listed
            throw Labels.Mistake(reason: "has no `\(column)`; the table has \(columns)", isOfAll: true)
        }
        guard let answer = row.values["answer"]?.string else { throw Labels.Mistake(reason: "has no text as `answer`") }
        guard let label = row.values["label"]?.string?.trimmed, ["pass", "fail"].contains(label) else {
            let said = row.values["label"].map { "`\($0.interpolated)`" } ?? "nothing"
            throw Labels.Mistake(reason: "has \(said) as `label`, which is neither `pass` nor `fail`")
        }
        question = row.values["question"]?.string
        self.answer = answer
        isGood = label == "pass"
    }
}

extension Diagnostic {
    fileprivate static func badLabel(_ path: Located<String>, _ what: String) -> Diagnostic {
        Diagnostic(
            "bad-labels", "Unusable labels", detail: "`\(path.value)` cannot be compared with a judge. \(what)",
            fix: "Give every row an `answer` and a `label` that is `pass` or `fail`.", at: path.range)
    }

    fileprivate static func oneClass(_ path: Located<String>, isGood: Bool) -> Diagnostic {
        Diagnostic(
            "one-class", "Labels of one kind only",
            detail:
                "Every row of `\(path.value)` has the label `\(isGood ? "pass" : "fail")`, so that nothing tells whether a "
                + "judge sees the others.",
            fix: "Add answers with the label `\(isGood ? "fail" : "pass")`.", at: path.range)
    }
}
