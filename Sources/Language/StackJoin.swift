/// Joins several documents into one stack: maps of named declarations are merged, and every name may occur once.
struct StackJoin {
    /// One top-level key, with what the documents so far say about it.
    fileprivate struct Slot {
        var entry: Node.Entry
        /// The joined entries, where the value is a map.
        var members: [Node.Entry]?
        /// The first place of each name of a joined map; empty until a second document adds to it.
        var names: [String: SourceRange] = [:]
    }

    private(set) var diagnostics: [Diagnostic] = []
    /// The top-level keys of maps whose keys are names.
    private let named: Set<String>
    private var slots: [Slot] = []
    private var positions: [String: Int] = [:]

    /// - Parameter fields: Those at the top of a spec.
    init(_ fields: [Field]) {
        named = Set(
            fields.compactMap { field in
                if case .map = field.shape { field.name } else { nil }
            })
    }

    /// Joins the top-level maps of documents, in their order; empty documents are skipped.
    /// - Returns: nil when all documents are empty.
    mutating func join(_ documents: [Node]) -> Node? {
        var range: SourceRange?
        for document in documents where document.content != .null {
            guard let more = document.entries else {
                diagnostics.append(.documentIsNoMap(document))
                continue
            }
            range = range ?? document.range
            for entry in more { add(entry) }
        }
        return range.map { Node(.mapping(slots.map(\.joined)), at: $0) }
    }

    mutating func report(_ diagnostic: Diagnostic) {
        diagnostics.append(diagnostic)
    }

    private mutating func add(_ entry: Node.Entry) {
        guard let position = positions[entry.key] else {
            positions[entry.key] = slots.count
            slots.append(Slot(entry: entry, members: entry.value.entries))
            return
        }
        if FreeKey.isFree(entry.key) || entry.value.content == .null { return }
        if let more = entry.value.entries, slots[position].members != nil {
            join(more, into: position)
        } else if slots[position].entry.value.content == .null {
            slots[position] = Slot(entry: entry, members: entry.value.entries)
        } else if slots[position].entry.value.content != entry.value.content {
            diagnostics.append(.conflict(entry, first: slots[position].entry))
        }
    }

    private mutating func join(_ more: [Node.Entry], into position: Int) {
        let kind = slots[position].entry.key
        if slots[position].names.isEmpty {
            slots[position].names = Dictionary((slots[position].members ?? []).map { ($0.key, $0.keyRange) }) {
                first, _ in first
            }
        }
        for entry in more {
            if let first = slots[position].names[entry.key] {
                guard named.contains(kind) || !FreeKey.isFree(entry.key) else { continue }
                diagnostics.append(.duplicateName(entry, of: kind, first: first))
            } else {
                slots[position].names[entry.key] = entry.keyRange
                slots[position].members?.append(entry)
            }
        }
    }
}

extension StackJoin.Slot {
    fileprivate var joined: Node.Entry {
        guard let members else { return entry }
        var joined = entry
        joined.value.content = .mapping(members)
        return joined
    }
}

extension Diagnostic {
    /// A document that is a list or a scalar.
    static func documentIsNoMap(_ document: Node) -> Diagnostic {
        Diagnostic(
            "not-a-map", "Not a map",
            detail: "A spec is a map such as `stack: helpdesk`; this document is \(document.typeName).",
            fix: "Write `key: value` lines.", at: document.range)
    }

    fileprivate static func conflict(_ entry: Node.Entry, first: Node.Entry) -> Diagnostic {
        Diagnostic(
            "conflicting-values", "Two values for one field",
            detail: "All files of a stack that give `\(entry.key)` must give the same value.",
            fix: "Leave `\(entry.key)` in one of the files.", at: entry.value.range,
            notes: [.init("The other value is here.", at: first.value.range)])
    }

    fileprivate static func duplicateName(_ entry: Node.Entry, of kind: String, first: SourceRange) -> Diagnostic {
        Diagnostic(
            "duplicate-name", "Duplicate name", detail: "`\(kind)` has two things with the name `\(entry.key)`.",
            fix: "Rename one of them; to change it per environment, use an overlay.", at: entry.keyRange,
            address: "\(kind).\(entry.key)", notes: [.init("The first `\(entry.key)` is here.", at: first)])
    }
}
