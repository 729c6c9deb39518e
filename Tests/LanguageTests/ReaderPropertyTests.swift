import Language
import Support
import Testing

/// What holds for every text, tried on many made from a fixed seed.
@Suite("Reader, properties")
struct ReaderPropertyTests {
    private static let pieces = [
        "a", "b: ", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", "\"", "'", "&a ", "*a", "<<: ", "!x ",
        "!!int ",
        "? ", "|\n", ">-\n", "#", " ", "\t", "---\n", "...\n", "%YAML 1.2\n", "12", "1e9", "true", "~", "${var.a}",
        "$${", "\\u00e9",
        "\\ud83d", "\\ude00", "日", "😀", "\u{85}", "\u{2028}", "\u{301}", "\r\n", "\r", "key: value\n", "\u{0}",
        "99999999999999999999",
    ]

    private func text(_ numbers: inout SplitMix64) -> String {
        (0..<Int.random(in: 0..<30, using: &numbers)).map { _ in
            ReaderPropertyTests.pieces.randomElement(using: &numbers) ?? ""
        }.joined()
    }

    @Test("Whatever the text, every place lies in it, values lie in what holds them, and rendering ends")
    func places() {
        var numbers = SplitMix64(seed: 1)
        for _ in 0..<3_000 {
            let text = text(&numbers)
            let source = Source(path: "a.yaml", bytes: Array(text.utf8))
            let reading = Reader.reading(source, id: SourceID(index: 0))
            var sources = SourceMap()
            _ = sources.add(source)
            let lines = lineLengths(text)
            for diagnostic in reading.diagnostics {
                #expect(diagnostic.subject.map { isIn(lines, $0) } == true, "\(diagnostic) in \(text.debugDescription)")
            }
            for document in reading.documents { check(document, lines, text) }
            #expect(reading.isComplete || !reading.diagnostics.isEmpty)
            _ = DiagnosticRenderer(sources: sources, colors: true).render(reading.diagnostics)
        }
    }

    private func lineLengths(_ text: String) -> [Int] {
        var lengths = [0]
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": if last == "\r" { break } else { lengths.append(0) }
            case "\r": lengths.append(0)
            case _: lengths[lengths.count - 1] += 1
            }
            last = scalar
        }
        return lengths
    }

    private func isIn(_ lines: [Int], _ range: SourceRange) -> Bool {
        let isOrdered = range.start <= range.end
        // A caret may stand behind the end of a line, where something is missing.
        let start =
            Int(range.start.line) <= lines.count && Int(range.start.column) <= lines[Int(range.start.line) - 1] + 2
        return isOrdered && start && Int(range.end.line) <= lines.count
    }

    private func check(_ node: Node, _ lines: [Int], _ text: String) {
        #expect(isIn(lines, node.range), "\(node.range) in \(text.debugDescription)")
        for element in node.elements ?? [] { check(element, lines, text) }
        for entry in node.entries ?? [] {
            #expect(isIn(lines, entry.keyRange), "\(entry.keyRange) in \(text.debugDescription)")
            check(entry.value, lines, text)
        }
    }

    @Test("A value written as JSON reads as itself")
    func roundTrip() throws {
        var numbers = SplitMix64(seed: 2)
        for _ in 0..<500 {
            let value = value(&numbers, depth: 4)
            #expect(try node(value.canonicalJSON).value == value)
            #expect(try node(value.prettyJSON).value == value)
        }
    }

    private func value(_ numbers: inout SplitMix64, depth: Int) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &numbers) {
        case 0: [.null, true, false].randomElement(using: &numbers) ?? .null
        case 1: .integer(Int.random(in: .min ... .max, using: &numbers))
        case 2: .number(Double.random(in: -1e9...1e9, using: &numbers))
        case 3, 4: .string(plain(text(&numbers)))
        case 5: .array((0..<3).map { _ in value(&numbers, depth: depth - 1) })
        case _:
            .object(Dictionary((0..<3).map { _ in (plain(text(&numbers)), value(&numbers, depth: depth - 1)) }) { $1 })
        }
    }

    /// A text of one line: canonical JSON leaves characters as they are, so only those that YAML allows.
    private func plain(_ text: String) -> String {
        String(text.prefix(200))
    }

    @Test("A text with `${` taken apart and put together is the same text", arguments: [3, 4])
    func references(_ seed: UInt64) throws {
        var numbers = SplitMix64(seed: seed)
        let place = SourceRange.start(of: SourceID(index: 0))
        for _ in 0..<2_000 {
            let pieces = ["${a.b}", "${env.X:-y}", "x", " ", "$", "}", "日", "{"]
            let text = (0..<6).map { _ in pieces.randomElement(using: &numbers) ?? "" }.joined()
            guard !text.contains("$${"), let template = try? References.parse(text, at: place) else { continue }
            #expect(template.text == text)
        }
    }
}
