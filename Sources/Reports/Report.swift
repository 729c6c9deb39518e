package import Suites

/// A format of reports: a fold over the cases of a run, with one case in memory at a time.
///
/// A conformer is a folder here, named after its format, and one line in `All.swift`.
package protocol Report: Sendable {
    /// What it is asked for by: `junit`.
    static var format: String { get }

    init()

    /// The same, with what agents said, where a format leaves that out by default.
    var withContents: any Report { get }

    /// Writes the whole report; equal runs give equal text.
    func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws
}

extension Report {
    package var withContents: any Report { self }
}

/// The destination of a report, written in chunks.
package struct ReportOutput: ~Copyable {
    private static let limit = 1 << 16

    private let sink: (ArraySlice<UInt8>) throws -> Void
    private var buffer: [UInt8] = []

    private init(_ sink: @escaping (ArraySlice<UInt8>) throws -> Void) {
        self.sink = sink
    }

    /// Runs a body that writes; `sink` gets the output in larger chunks.
    package static func collect(
        _ sink: @escaping (ArraySlice<UInt8>) throws -> Void, _ body: (inout ReportOutput) throws -> Void
    ) throws {
        var output = ReportOutput(sink)
        try body(&output)
        try output.flush()
    }

    package mutating func write(_ text: String) throws {
        buffer += text.utf8
        if buffer.count >= Self.limit { try flush() }
    }

    package mutating func write(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= Self.limit { try flush() }
    }

    private mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        try sink(buffer[...])
        buffer.removeAll(keepingCapacity: true)
    }
}
