/// Identifies one source within a `SourceMap`: an index, so that a range stays small and trivially copyable.
package struct SourceID: Sendable, Hashable, Comparable {
    package let index: UInt32

    package init(index: UInt32) {
        self.index = index
    }

    package static func < (left: SourceID, right: SourceID) -> Bool {
        left.index < right.index
    }
}

/// A place in a source: line and column are 1-based, columns count Unicode scalars.
package struct SourcePosition: Sendable, Hashable, Comparable {
    package var line: UInt32
    package var column: UInt32

    package init(line: UInt32, column: UInt32) {
        self.line = line
        self.column = column
    }

    package static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A stretch of one source, from `start` up to but not including `end`.
package struct SourceRange: Sendable, Hashable, Comparable {
    package var source: SourceID
    package var start: SourcePosition
    package var end: SourcePosition

    package init(source: SourceID, start: SourcePosition, end: SourcePosition) {
        self.source = source
        self.start = start
        self.end = end
    }

    package static func < (left: SourceRange, right: SourceRange) -> Bool {
        (left.source, left.start, left.end) < (right.source, right.start, right.end)
    }
}

/// One text that a spec was read from.
package struct Source: Sendable {
    /// The path as shown to the user, relative to the working directory; `<stdin>` for standard input.
    package let path: String
    /// The bytes as they were read, without byte order marks.
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = ByteOrderMark.removed(fromYAML: bytes)
    }
}

/// All sources of a run, in the order in which they were read.
package struct SourceMap: Sendable {
    package private(set) var sources: [Source] = []
    /// The first source of each path.
    private var ids: [ExactText: SourceID] = [:]

    package init() {}

    /// Adds a source and returns the identity that ranges refer to.
    package mutating func add(_ source: Source) -> SourceID {
        let id = SourceID(index: UInt32(sources.count))
        sources.append(source)
        if ids[ExactText(source.path)] == nil { ids[ExactText(source.path)] = id }
        return id
    }

    /// The first source that was read from a path; nil when none was.
    package func id(ofPath path: String) -> SourceID? {
        ids[ExactText(path)]
    }

    /// The same sources with other paths to show.
    package func naming(_ name: (String) -> String) -> SourceMap {
        var named = SourceMap()
        for source in sources { _ = named.add(Source(path: name(source.path), bytes: source.bytes)) }
        return named
    }

    package subscript(id: SourceID) -> Source {
        sources[Int(id.index)]
    }

    /// Spells a range as `path:line:column`.
    package func place(_ range: SourceRange) -> String {
        "\(self[range.source].path):\(range.start.line):\(range.start.column)"
    }
}
