/// Reads YAML and JSON into nodes, each with its place.
///
/// YAML 1.2's core schema, with `<<` merge keys. Custom tags, duplicate keys, and lists or maps as keys are errors.
package struct Reader {
    /// The limits of a source, each with a diagnostic of its own.
    package enum Limits {
        /// The bytes of one source: 16 MiB.
        package static let bytes = 16 << 20
        /// The nesting depth of lists and maps.
        package static let depth = 64
        /// Values and keys of one source, counted after aliases are replaced by what they stand for.
        package static let nodes = 1_000_000
        /// The number of mistakes in one source after which the rest of it is not read.
        static let mistakes = 100
    }

    /// The documents of a source, and everything that is wrong with it.
    package struct Reading: Sendable {
        /// The top node of each document that could be read to its end.
        package var documents: [Node]
        package var diagnostics: [Diagnostic]
        /// Whether the source was read to its end; otherwise what follows a mistake is missing from `documents`.
        package var isComplete: Bool
    }

    /// Reads all documents of a source.
    /// - Throws: every mistake found.
    package static func read(_ source: Source, id: SourceID) throws(Diagnostics) -> [Node] {
        let reading = reading(source, id: id)
        guard reading.diagnostics.isEmpty else { throw Diagnostics(reading.diagnostics) }
        return reading.documents
    }

    /// Reads all documents of a source, and keeps as much as possible despite mistakes.
    package static func reading(_ source: Source, id: SourceID) -> Reading {
        if let refusal = EncodingCheck.refusal(of: source, id: id) { return failed(refusal) }
        do {
            let standIns = try StandIns(for: source.bytes)
            return (standIns?.bytes ?? source.bytes).withUnsafeBufferPointer { bytes in
                var composer = Composer(source: source, id: id, standIns: standIns)
                return composer.compose(bytes)
            }
        } catch {
            return failed(.noStandIns(in: id))
        }
    }

    private static func failed(_ diagnostic: Diagnostic) -> Reading {
        Reading(documents: [], diagnostics: [diagnostic], isComplete: false)
    }
}

extension Diagnostic {
    fileprivate static func noStandIns(in id: SourceID) -> Diagnostic {
        Diagnostic(
            "surrogate-escapes", "Escapes cannot be read",
            detail: """
                The file writes characters as pairs of `\\ud800` escapes, or has the characters U+0085, U+2028 or \
                U+2029, and also uses characters from nearly every part of Unicode; the two cannot be told apart.
                """,
            fix: "Write the characters themselves instead of the escapes.", at: .start(of: id)
        )
    }
}

extension SourceRange {
    /// The empty range where a source starts.
    package static func start(of id: SourceID) -> SourceRange {
        let position = SourcePosition(line: 1, column: 1)
        return SourceRange(source: id, start: position, end: position)
    }
}
