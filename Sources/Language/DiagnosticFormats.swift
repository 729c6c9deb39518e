extension DiagnosticRenderer {
    /// The diagnostics for programs, in the order of `render`.
    ///
    ///     [{"severity": "error", "code": "unknown-field", "summary": "Unknown field", "detail": "…", "fix": "…",
    ///       "file": "a.yaml", "start": {"line": 14, "column": 5}, "end": {"line": 14, "column": 16},
    ///       "address": "agents.support", "notes": [{"text": "…", "file": "a.yaml", "start": …, "end": …}]}]
    package func json(_ diagnostics: [Diagnostic]) -> Value {
        .array(diagnostics.sortedByPlace().map(object))
    }

    private func object(_ diagnostic: Diagnostic) -> Value {
        var object = place(diagnostic.subject)
        object["severity"] = .string(diagnostic.severity.rawValue)
        object["code"] = .string(diagnostic.code.name)
        object["summary"] = .string(diagnostic.summary)
        object["detail"] = .string(diagnostic.detail)
        if let fix = diagnostic.fix { object["fix"] = .string(fix) }
        if let address = diagnostic.address { object["address"] = .string(address) }
        object["notes"] = .array(
            diagnostic.notes.map { note in
                .object(place(note.subject).merging(["text": .string(note.text)]) { _, text in text })
            })
        return .object(object)
    }

    private func place(_ range: SourceRange?) -> [String: Value] {
        guard let range else { return [:] }
        return [
            "file": .string(sources[range.source].path), "start": position(range.start), "end": position(range.end),
        ]
    }

    private func position(_ position: SourcePosition) -> Value {
        ["line": .integer(Int(position.line)), "column": .integer(Int(position.column))]
    }

    /// A SARIF 2.1.0 log of runs.
    package static func sarif(_ runs: [Value]) -> Value {
        [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": .array(runs),
        ]
    }

    /// The diagnostics as a run of a SARIF 2.1.0 log; columns count Unicode scalars.
    package func sarifRun(_ diagnostics: [Diagnostic], version: String) -> Value {
        let sorted = diagnostics.sortedByPlace()
        let rules = Dictionary(sorted.map { ($0.code.name, $0.summary) }) { first, _ in first }
        let driver: Value = [
            "name": "drover",
            "version": .string(version),
            "rules": .array(
                rules.sorted { $0.key < $1.key }.map { rule in
                    ["id": .string(rule.key), "shortDescription": message(rule.value)]
                }),
        ]
        return [
            "tool": ["driver": driver],
            "columnKind": "unicodeCodePoints",
            "results": .array(sorted.map(result)),
        ]
    }

    private func result(_ diagnostic: Diagnostic) -> Value {
        var location: [String: Value] = [:]
        if let subject = diagnostic.subject { location["physicalLocation"] = physical(subject) }
        if let address = diagnostic.address {
            location["logicalLocations"] = [["fullyQualifiedName": .string(address)]]
        }
        let remarks = diagnostic.notes.filter { $0.subject == nil }.map { "Note: \($0.text)" }
        let text = [diagnostic.detail] + (diagnostic.fix.map { ["Fix: \($0)"] } ?? []) + remarks
        var result: [String: Value] = [
            "ruleId": .string(diagnostic.code.name),
            "level": .string(diagnostic.severity.rawValue),
            "message": message(text.joined(separator: "\n")),
            "locations": location.isEmpty ? [] : [.object(location)],
        ]
        let related: [Value] = diagnostic.notes.enumerated().compactMap { index, note in
            note.subject.map {
                ["id": .integer(index + 1), "message": message(note.text), "physicalLocation": physical($0)]
            }
        }
        if !related.isEmpty { result["relatedLocations"] = .array(related) }
        return .object(result)
    }

    private func message(_ text: String) -> Value {
        ["text": .string(text)]
    }

    private func physical(_ range: SourceRange) -> Value {
        [
            "artifactLocation": ["uri": .string(uri(sources[range.source].path))],
            "region": [
                "startLine": .integer(Int(range.start.line)), "startColumn": .integer(Int(range.start.column)),
                "endLine": .integer(Int(range.end.line)), "endColumn": .integer(Int(range.end.column)),
            ],
        ]
    }

    /// A path as a URI reference: everything but unreserved characters and `/` is escaped.
    private func uri(_ path: String) -> String {
        let escaped = path.utf8.map { byte -> String in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(Unicode.Scalar(byte))
            default:
                "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
        return path.hasPrefix("/") ? "file://" + escaped : escaped
    }
}
