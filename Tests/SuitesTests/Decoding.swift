import Language
import Testing

@testable import Suites

/// A node as if its JSON had been read from a spec: every key and value in a line of its own, `${…}` as references.
func node(_ json: String) throws -> Node {
    var line: UInt32 = 0
    return Node(try Value(json: json.utf8), at: place(0)).placed(&line)
}

/// An expectation from JSON, with the mistakes found.
func decode(_ json: String) throws -> (Suites.Expectation?, [Diagnostic]) {
    var problems = Problems()
    let expectation = Fields.decode(Suites.Expectation.self, from: try node(json), &problems)
    return (expectation, problems.diagnostics)
}

/// An expectation from JSON without mistakes.
func expectation(_ json: String) throws -> Suites.Expectation {
    let (expectation, problems) = try decode(json)
    #expect(problems == [])
    return try #require(expectation)
}

extension Node {
    fileprivate func placed(_ line: inout UInt32) -> Node {
        line += 1
        let range = place(line)
        switch content {
        case .null, .bool, .integer, .bigInteger, .number, .pending: return Node(content, at: range)
        case .sequence(let nodes): return Node(.sequence(nodes.map { $0.placed(&line) }), at: range)
        case .mapping(let entries):
            let placed = entries.map { entry in
                line += 1
                return Entry(key: entry.key, keyRange: place(line), value: entry.value.placed(&line))
            }
            return Node(.mapping(placed), at: range)
        case .string(let text):
            let parts = SuitesTests.template(text)
            return Node(parts.references.isEmpty ? .string(text) : .pending(parts), at: range)
        }
    }
}

/// A template from text with `${…}` in it.
func template(_ text: String) -> Template {
    var parts: [Template.Part] = []
    var rest = text[...]
    while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
        if start.lowerBound > rest.startIndex { parts.append(.literal(String(rest[..<start.lowerBound]))) }
        let names = rest[start.upperBound..<end].split(separator: ".").map(String.init)
        parts.append(.reference(Reference(path: names)))
        rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty || parts.isEmpty { parts.append(.literal(String(rest))) }
    return Template(parts)
}
