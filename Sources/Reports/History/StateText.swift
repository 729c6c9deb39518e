package import Engine
package import Language

/// What the record of a stack holds, for people.
///
///     The record of the stack shop, in drover/shop
///       about OGX at http://127.0.0.1:8321
///
///       boxes.a
///         tags.team: support
///
///     Cut off: boxes.b
package enum StateText {
    package static func render(_ record: Record, of stack: StackName, at place: String) -> String {
        var lines = ["The record of the stack \(stack), in \(place)"]
        lines += ServerIdentity.Role.allCases.compactMap { record.servers[$0] }.map { server in
            "  about \(server.shown)" + (server.aliases.map { ", also at \($0.joined(separator: ", "))" } ?? "")
        }
        guard !record.isEmpty else { return (lines + ["", "It holds nothing."]).joined(separator: "\n") }
        lines.append("")
        for (address, entry) in record.entries.sorted(by: { $0.key < $1.key }) {
            lines.append("  " + address + remark(on: entry))
            lines += entry.fields.sorted { $0.key < $1.key }.map { "    \($0.key): \(spelled($0.value))" }
        }
        if !record.intents.isEmpty {
            lines += ["", "Cut off, and to be cleaned up by the next apply: \(record.intents.keys.sorted().listed)."]
        }
        return lines.map(Printable.text).joined(separator: "\n")
    }

    private static func remark(on entry: Record.Entry) -> String {
        var remarks: [String] = []
        if entry.protect { remarks.append("protected") }
        if entry.isAdopted == true { remarks.append("was there before") }
        let isKept = entry.onDelete.map { $0 == .retain } ?? (entry.isAdopted == true)
        if isKept { remarks.append("kept when its declaration goes") }
        if entry.isRetained == true { remarks.append("its declaration is gone, and it was kept") }
        if entry.fields.isEmpty { remarks.append("last applied fields not known") }
        return remarks.isEmpty ? "" : "  (\(remarks.joined(separator: ", ")))"
    }

    private static func spelled(_ value: Value) -> String {
        let text = value.interpolated.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎")
        return text.count > 100 ? "\(text.prefix(100))…" : text
    }
}

/// The same for machines.
///
///     {"version": 1, "stack": "shop", "place": "drover/shop", "format": 1,
///      "servers": {"llamaStack": {"name": "OGX", "url": "http://…"}},
///      "entries": {"boxes.a": {"fields": {"tags.team": "support"}, "protect": false}}, "intents": {}}
package enum StateJSON {
    package static func value(_ record: Record, of stack: StackName, at place: String) throws -> Value {
        [
            "version": 1, "stack": .string(stack.name), "place": .string(place), "format": .integer(Record.format),
            "servers": try Value(encoding: record.servers), "entries": try Value(encoding: record.entries),
            "intents": .object(record.intents),
        ]
    }
}
