import Language

/// Values that are combined: `matrix: {tone: [friendly, angry], limit: [1, 2]}` has four combinations, in which the last
/// name varies first.
struct Matrix: Sendable {
    /// The longest value that is written in an id as it is, in characters.
    private static let longest = 40

    private struct Axis: Sendable {
        let name: String
        let values: [Value]
        /// The values as ids name them.
        let texts: [String]
    }

    private let axes: [Axis]
    /// Where it was written; nil for none.
    let range: SourceRange?

    /// One combination of nothing.
    static let none = Matrix(axes: [], range: nil)

    private init(axes: [Axis], range: SourceRange?) {
        self.axes = axes
        self.range = range
    }

    /// Reports names that no reference can name, and values that are the same.
    init(_ entries: [Entry<[Value]>], at range: SourceRange, _ problems: inout Problems) {
        for entry in entries where !References.isName(entry.key.unicodeScalars) {
            problems.report(.unusableName(entry))
        }
        axes = entries.filter { !$0.value.isEmpty }.map { entry in
            Axis(name: entry.key, values: entry.value, texts: entry.value.map(Self.text))
        }
        for (axis, entry) in zip(axes, entries.filter { !$0.value.isEmpty }) {
            let counts = Dictionary(axis.texts.map { ($0, 1) }, uniquingKeysWith: +)
            guard let twice = axis.texts.first(where: { counts[$0] != 1 }) else { continue }
            problems.report(.valueTwice(twice, of: entry))
        }
        self.range = range
    }

    var names: Set<String> {
        Set(axes.map(\.name))
    }

    /// The number of combinations; the largest number where there are more.
    var count: Int {
        axes.reduce(1) { product, axis in
            let (count, overflow) = product.multipliedReportingOverflow(by: axis.values.count)
            return overflow ? .max : count
        }
    }

    /// The values of a combination, by name.
    func values(_ index: Int) -> [String: Value] {
        Dictionary(combination(index).map { ($0.name, $0.values[$1]) }) { first, _ in first }
    }

    /// A combination as ids name it: `{tone=angry,limit=2}`; empty where nothing is combined.
    func text(_ index: Int) -> String {
        guard !axes.isEmpty else { return "" }
        return "{" + combination(index).map { "\($0.name)=\($0.texts[$1])" }.joined(separator: ",") + "}"
    }

    func tooMany(with rows: Int) -> Diagnostic {
        Diagnostic(
            "too-many-cases", "Too many cases",
            detail:
                "The combinations of this matrix\(rows > 1 ? " with \(rows) rows" : "") are more than a million cases.",
            fix: "Combine fewer values, or write the cases that matter as rows of a table.", at: range)
    }

    private func combination(_ index: Int) -> [(Axis, Int)] {
        var rest = index
        return axes.reversed().map { axis in
            defer { rest /= axis.values.count }
            return (axis, rest % axis.values.count)
        }.reversed()
    }

    /// Different values have different texts. Text that could be taken for something else stands in quotes; what is long is
    /// cut, and ends with a digest.
    private static func text(_ value: Value) -> String {
        let text =
            if case .string(let text) = value, text.isPlain { text } else { value.canonicalJSON }
        guard text.count > longest else { return text }
        return "\(text.prefix(longest - 12))…\(sha256Hex(Array(text.utf8)).prefix(8))"
    }
}

extension String {
    /// Whether it can stand among others without quotes: it is no JSON, and has no mark that means something there.
    fileprivate var isPlain: Bool {
        let marks: Set<Unicode.Scalar> = ["\"", ",", "=", "[", "]", "{", "}", "`"]
        guard let first, let last, !first.isWhitespace, !last.isWhitespace,
            !unicodeScalars.contains(where: { marks.contains($0) || $0.properties.generalCategory == .control })
        else { return false }
        return (try? Value(json: utf8)) == nil  // Only whether it is JSON matters.
    }
}

extension Diagnostic {
    fileprivate static func unusableName(_ entry: Entry<[Value]>) -> Diagnostic {
        Diagnostic(
            "bad-name", "Unusable name", detail: "No reference can name `\(entry.key)`.",
            fix: "Use letters, digits, `_` and `-`, with a letter first.", at: entry.keyRange)
    }

    fileprivate static func valueTwice(_ text: String, of entry: Entry<[Value]>) -> Diagnostic {
        Diagnostic(
            "duplicate-value", "Value given twice", detail: "`\(entry.key)` has the value `\(text)` twice.",
            fix: "Remove one of them; `repeat` takes several samples of one case.", at: entry.keyRange)
    }
}
