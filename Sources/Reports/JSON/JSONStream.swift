import Language

/// Writes the same as `Value.prettyJSON` in constant memory: one member of an object is written element by element.
struct JSONStream {
    private var depth = 0

    /// A value that is in memory as a whole.
    func value(_ value: Value, to output: inout ReportOutput) throws {
        try output.write(value.prettyJSON(atDepth: depth))
    }

    /// A value that `body` writes into memory.
    func value(to output: inout ReportOutput, _ body: (inout JSONWriter) -> Void) throws {
        var json = JSONWriter(indentation: 2, depth: depth)
        body(&json)
        try output.write(json.bytes)
    }

    /// An object with one more member, which `body` writes at its place among the sorted keys.
    mutating func object(
        _ members: [String: Value], streaming name: String, to output: inout ReportOutput,
        _ body: (inout JSONStream, inout ReportOutput) throws -> Void
    ) throws {
        try output.write("{")
        depth += 1
        let names = (members.keys + [name]).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
        for (index, key) in names.enumerated() {
            try output.write((index == 0 ? "\n" : ",\n") + indentation + Value.string(key).canonicalJSON + ": ")
            if key == name {
                try body(&self, &output)
            } else if let member = members[key] {
                try value(member, to: &output)
            }
        }
        depth -= 1
        try output.write("\n" + indentation + "}")
    }

    /// An array whose elements `body` writes one after another.
    mutating func array<Elements: Collection>(
        _ elements: Elements, to output: inout ReportOutput,
        _ body: (Elements.Element, inout JSONStream, inout ReportOutput) throws -> Void
    ) throws {
        guard !elements.isEmpty else { return try output.write("[]") }
        depth += 1
        var separator = "["
        for element in elements {
            try output.write(separator + "\n" + indentation)
            try body(element, &self, &output)
            separator = ","
        }
        depth -= 1
        try output.write("\n" + indentation + "]")
    }

    private var indentation: String {
        String(repeating: "  ", count: depth)
    }
}
