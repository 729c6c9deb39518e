import CYAML

/// Owns a libyaml parser and the one event that it fills.
struct EventStream: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>

    /// What libyaml reports about text that it cannot parse.
    struct Failure {
        var kind: yaml_error_type_t
        var problem: String
        var place: yaml_mark_t
        var context: String?
        var contextPlace: yaml_mark_t
        /// For invalid bytes only: the offset from the start of the source.
        var offset: Int
        /// For invalid bytes only: the rejected character, or -1.
        var value: Int
    }

    /// The bytes must outlive the stream.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        event = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        event.initialize(to: yaml_event_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(
            parser, bytes.baseAddress ?? UnsafePointer(StaticString("").utf8Start), bytes.count)
    }

    deinit {
        yaml_event_delete(event)
        yaml_parser_delete(parser)
        event.deallocate()
        parser.deallocate()
    }

    /// Reads one event, valid until the next one is read; nil when the text cannot be parsed: see `failure`.
    mutating func next() -> UnsafePointer<yaml_event_t>? {
        yaml_event_delete(event)
        guard yaml_parser_parse(parser, event) == 1 else { return nil }
        return UnsafePointer(event)
    }

    /// Why `next` returned nil.
    var failure: Failure {
        let parser = parser.pointee
        return Failure(
            kind: parser.error, problem: parser.problem.map { String(cString: $0) } ?? "not readable",
            place: parser.problem_mark, context: parser.context.map { String(cString: $0) },
            contextPlace: parser.context_mark, offset: parser.problem_offset, value: Int(parser.problem_value))
    }
}

/// Turns positions in Unicode scalars into byte offsets. Positions must ascend: all of them take one pass.
struct ScalarCursor {
    private var scalar = 0
    private var offset: Int?

    mutating func offset(ofScalar target: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var place = offset ?? 0
        while scalar < target, place < bytes.count {
            place += 1
            while place < bytes.count, bytes[place] & 0xC0 == 0x80 { place += 1 }
            scalar += 1
        }
        offset = place
        return place
    }
}
