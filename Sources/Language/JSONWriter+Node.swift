extension JSONWriter {
    /// Writes a node as its value is written whose references are text: `${row.question}`.
    package mutating func write(_ node: Node) {
        switch node.content {
        case .null: write(Value.null)
        case .bool(let value): write(.bool(value))
        case .integer(let value): write(value)
        case .bigInteger(let digits): write(.bigInteger(digits))
        case .number(let value): write(.number(value))
        case .string(let value): write(value)
        case .pending(let template): write(template.text)
        case .sequence(let nodes):
            open("[")
            for node in nodes {
                separateMembers()
                write(node)
            }
            close("]")
        case .mapping(let entries): write(entries)
        }
    }

    private mutating func write(_ entries: [Node.Entry]) {
        let order = entries.indices.sorted {
            // Of the same key the first counts.
            entries[$0].key == entries[$1].key
                ? $0 < $1 : entries[$0].key.utf8.lexicographicallyPrecedes(entries[$1].key.utf8)
        }
        open("{")
        for (place, index) in order.enumerated() {
            let entry = entries[index]
            guard place == 0 || entries[order[place - 1]].key != entry.key else { continue }
            member(named: entry.key) { $0.write(entry.value) }
        }
        close("}")
    }
}
