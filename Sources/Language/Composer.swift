import CYAML

/// Builds nodes from libyaml's events with explicit stacks: no recursion, and no extra allocation per node.
struct Composer {
    /// A list or map that is still open.
    struct Frame {
        var isMapping: Bool
        var isFlow: Bool
        /// Where its children begin in `elements` or `entries`.
        var base: Int
        var start: SourcePosition
        /// Where its last child ends: that is where block collections end, although libyaml reports a later place.
        var end: SourcePosition
        var anchor: String?
        /// The number of nodes counted before it.
        var countBefore: Int
        /// The nesting depth of lists and maps here, itself included.
        var height = 1
        /// The key that waits for its value.
        var key: Key?
        /// The value of `<<`.
        var merged: Node?
    }

    enum Key {
        case name(String, SourceRange)
        case merge(SourceRange)
        /// A rejected key; its value is read and dropped.
        case refused
    }

    /// What an alias may stand for.
    enum Anchored {
        case open
        case node(Node, count: Int, height: Int)
    }

    let id: SourceID
    let source: Source
    let standIns: StandIns?
    var diagnostics: [Diagnostic] = []
    private var frames: [Frame] = []
    private var elements: [Node] = []
    private var entries: [Node.Entry] = []
    private var documents: [Node] = []
    private var anchors: [String: Anchored] = [:]
    private var count = 0
    private var cursor = ScalarCursor()
    /// The end of the source when its last line has no line break: libyaml counts one line too many there.
    private let openEnd: SourcePosition?

    init(source: Source, id: SourceID, standIns: StandIns?) {
        self.source = source
        self.id = id
        self.standIns = standIns
        openEnd = Composer.openEnd(of: source.bytes)
    }

    private static func openEnd(of bytes: [UInt8]) -> SourcePosition? {
        guard let last = bytes.last, last != 0x0A, last != 0x0D else { return nil }
        return LineIndex(bytes).position(ofByte: bytes.count)
    }

    /// Reads all documents from the bytes of the source, or from their stand-ins.
    mutating func compose(_ bytes: UnsafeBufferPointer<UInt8>) -> Reader.Reading {
        do throws(Diagnostic) {
            try consume(EventStream(bytes), bytes)
        } catch {
            let isTemplate = diagnostics.last?.code == "unquoted-template"
            let isSameLine = diagnostics.last?.subject?.start.line == error.subject?.start.line
            if !(isTemplate && isSameLine) { diagnostics.append(error) }
            return Reader.Reading(documents: documents, diagnostics: diagnostics, isComplete: false)
        }
        return Reader.Reading(documents: documents, diagnostics: diagnostics, isComplete: true)
    }

    private mutating func consume(
        _ stream: consuming EventStream, _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Diagnostic) {
        while true {
            guard let event = stream.next() else {
                let bracket = frames.last { $0.isFlow }?.start
                let errors = SyntaxErrors(source: source, id: id, bracket: bracket)
                throw errors.hidingSecrets(stream.failure)
            }
            switch event.pointee.type {
            case YAML_SCALAR_EVENT: try scalar(event, bytes)
            case YAML_SEQUENCE_START_EVENT: try open(event, isMapping: false)
            case YAML_MAPPING_START_EVENT: try open(event, isMapping: true)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close(event)
            case YAML_ALIAS_EVENT: try alias(event)
            case YAML_DOCUMENT_START_EVENT: anchors.removeAll()
            case YAML_STREAM_END_EVENT: return
            default: continue
            }
            if diagnostics.count >= Reader.Limits.mistakes { throw .tooManyMistakes(at: range(event)) }
        }
    }

    private mutating func scalar(
        _ event: UnsafePointer<yaml_event_t>, _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Diagnostic) {
        let scalar = event.pointee.data.scalar
        let range = range(event)
        try countNodes(1, at: range)
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        let tag = tag(scalar.tag, of: .scalar, at: range)
        if expectsKey {
            let text = try text(event)
            let isMerge = isPlain && tag == nil && text == "<<"
            frames[frames.count - 1].key = isMerge ? .merge(range) : .name(text, range)
            if let anchor = string(scalar.anchor) {
                anchors[anchor] = .node(Node(.string(text), at: range), count: 1, height: 0)
            }
            return
        }
        let plainText = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        var meaning = isPlain && tag == nil ? Scalars.meaning(of: plainText) : .string
        if let tag, tag != .string { meaning = tagged(tag, plainText, at: range) }
        if meaning != .string, isPlain, tag == nil, isForcedText(event, bytes) { meaning = .string }
        let node = Node(try content(meaning, event, at: range), at: range)
        if let anchor = string(scalar.anchor) { anchors[anchor] = .node(node, count: 1, height: 0) }
        accept(node, height: 0)
    }

    private mutating func content(
        _ meaning: Scalars.Meaning, _ event: UnsafePointer<yaml_event_t>, at range: SourceRange
    ) throws(Diagnostic) -> Node.Content {
        switch meaning {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .bigInteger(let digits): return .bigInteger(digits)
        case .number(let value): return .number(value)
        case .string: return .string(try text(event))
        case .integerOutOfRange:
            diagnostics.append(.integerOutOfRange(try text(event), at: range))
            return .integer(0)
        case .numberOutOfRange:
            diagnostics.append(.numberOutOfRange(try text(event), at: range))
            return .number(0)
        }
    }

    /// Whether a plain scalar has the tag `!`, which libyaml drops although it makes the scalar a string.
    private mutating func isForcedText(
        _ event: UnsafePointer<yaml_event_t>, _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let length = event.pointee.end_mark.index - event.pointee.start_mark.index
        guard length > event.pointee.data.scalar.length else { return false }
        let start = cursor.offset(ofScalar: event.pointee.start_mark.index, in: bytes)
        let end = cursor.offset(ofScalar: event.pointee.end_mark.index, in: bytes)
        let properties = bytes[start..<(end - event.pointee.data.scalar.length)]
        return properties.split { $0 == 0x20 || $0 == 0x09 }.contains { $0.elementsEqual([UInt8(ascii: "!")]) }
    }

    private mutating func open(_ event: UnsafePointer<yaml_event_t>, isMapping: Bool) throws(Diagnostic) {
        let range = range(event)
        try countNodes(1, at: range)
        guard frames.count < Reader.Limits.depth else { throw .tooDeep(at: range) }
        let data = event.pointee.data
        _ = tag(isMapping ? data.mapping_start.tag : data.sequence_start.tag, of: isMapping ? .map : .list, at: range)
        let anchor = string(isMapping ? data.mapping_start.anchor : data.sequence_start.anchor)
        if let anchor { anchors[anchor] = .open }
        frames.append(
            Frame(
                isMapping: isMapping,
                isFlow: isMapping
                    ? data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                    : data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                base: isMapping ? entries.count : elements.count, start: range.start, end: range.end, anchor: anchor,
                countBefore: count - 1))
    }

    private mutating func close(_ event: UnsafePointer<yaml_event_t>) throws(Diagnostic) {
        guard let frame = frames.popLast() else { return }
        let end = frame.isFlow ? range(event).end : frame.end
        let range = SourceRange(source: id, start: frame.start, end: end)
        let content: Node.Content
        if frame.isMapping {
            var own = Array(entries[frame.base...])
            entries.removeLast(entries.count - frame.base)
            Duplicates.remove(from: &own, reporting: &diagnostics)
            if let merged = frame.merged { Merge.add(merged, to: &own, reporting: &diagnostics) }
            content = .mapping(own)
        } else {
            content = .sequence(Array(elements[frame.base...]))
            elements.removeLast(elements.count - frame.base)
        }
        let node = Node(content, at: range)
        if let anchor = frame.anchor {
            anchors[anchor] = .node(node, count: count - frame.countBefore, height: frame.height)
        }
        accept(node, height: frame.height)
    }

    private mutating func alias(_ event: UnsafePointer<yaml_event_t>) throws(Diagnostic) {
        let range = range(event)
        let name = string(event.pointee.data.alias.anchor) ?? ""
        switch anchors[name] {
        case .node(var node, let size, let height):
            try countNodes(size, at: range)
            guard frames.count + height <= Reader.Limits.depth else { throw .tooDeep(at: range) }
            node.range = range
            if expectsKey, let key = node.scalarText {
                frames[frames.count - 1].key = .name(key, range)
            } else {
                accept(node, height: height)
            }
        case .open:
            diagnostics.append(.recursiveAlias(name, at: range))
            accept(Node(.null, at: range), height: 0)
        case nil:
            diagnostics.append(.unknownAlias(name, known: anchors.keys.sorted(), at: range))
            accept(Node(.null, at: range), height: 0)
        }
    }

    /// Puts a finished node where it belongs: a document, an element, a value, or (refused) a key.
    private mutating func accept(_ node: Node, height: Int) {
        let last = frames.count - 1
        guard last >= 0 else {
            documents.append(node)
            return
        }
        frames[last].end = node.range.end
        if frames[last].height <= height { frames[last].height = height + 1 }
        guard frames[last].isMapping else {
            elements.append(node)
            return
        }
        switch frames[last].key {
        case .name(let key, let keyRange):
            entries.append(Node.Entry(key: key, keyRange: keyRange, value: node))
        case .merge(let keyRange):
            if frames[last].merged != nil { diagnostics.append(.secondMerge(at: keyRange)) }
            frames[last].merged = node
        case .refused:
            break
        case nil:
            refuse(node)
            return
        }
        frames[last].key = nil
    }

    /// Reports a key that is a list or map, once for nested keys.
    private mutating func refuse(_ key: Node) {
        let last = frames.count - 1
        frames[last].key = .refused
        if let before = diagnostics.last, before.code == "complex-key" || before.code == "unquoted-template",
            let subject = before.subject, key.range.start <= subject.start, subject.end <= key.range.end
        {
            return
        }
        let open = frames[last].start
        let isTemplate =
            frames[last].isFlow && key.entries != nil && open.line == key.range.start.line
            && open.column + 1 == key.range.start.column
        diagnostics.append(isTemplate ? .unquotedTemplate(at: key.range) : .complexKey(key, at: key.range))
    }

    private var expectsKey: Bool {
        guard let frame = frames.last else { return false }
        return frame.isMapping && frame.key == nil
    }

    private mutating func countNodes(_ more: Int, at range: SourceRange) throws(Diagnostic) {
        count += more
        guard count <= Reader.Limits.nodes else { throw .tooManyNodes(at: range) }
    }

    private func range(_ event: UnsafePointer<yaml_event_t>) -> SourceRange {
        SourceRange(source: id, start: position(event.pointee.start_mark), end: position(event.pointee.end_mark))
    }

    private func position(_ mark: yaml_mark_t) -> SourcePosition {
        let position = SourcePosition(mark)
        guard let openEnd, position.line > openEnd.line else { return position }
        return openEnd
    }

    private func text(_ event: UnsafePointer<yaml_event_t>) throws(Diagnostic) -> String {
        let scalar = event.pointee.data.scalar
        let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
        guard let standIns else { return text }
        do throws(StandIns.LoneSurrogate) {
            let indices = event.pointee.start_mark.index..<event.pointee.end_mark.index
            return try standIns.restored(
                text, isDoubleQuoted: scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE, indices: indices)
        } catch {
            throw .loneSurrogate(atByte: error.offset, of: source, id: id)
        }
    }

    private func string(_ pointer: UnsafePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}

extension SourcePosition {
    /// libyaml counts from zero, in Unicode scalars.
    init(_ mark: yaml_mark_t) {
        self.init(line: UInt32(truncatingIfNeeded: mark.line + 1), column: UInt32(truncatingIfNeeded: mark.column + 1))
    }
}

extension Node {
    /// The text that a scalar has as a key; nil for lists and maps.
    fileprivate var scalarText: String? {
        switch content {
        case .null, .bool, .integer, .bigInteger, .number, .string: value { _, _ in nil }?.interpolated
        case .sequence, .mapping, .pending: nil
        }
    }
}
