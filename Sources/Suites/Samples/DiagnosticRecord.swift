import Language

/// A diagnostic in a log.
struct DiagnosticRecord: Sendable, Hashable, Codable {
    struct Note: Sendable, Hashable, Codable {
        let text: String
        let place: Place?
    }

    let code: String
    let severity: Diagnostic.Severity
    let cause: Diagnostic.Cause
    let summary: String
    let detail: String
    let fix: String?
    let place: Place?
    let address: String?
    let notes: [Note]?
    let hidden: [Place]?
}

extension DiagnosticRecord {
    init(_ diagnostic: Diagnostic, in sources: SourceMap) {
        code = diagnostic.code.name
        severity = diagnostic.severity
        cause = diagnostic.cause
        summary = diagnostic.summary
        detail = diagnostic.detail
        fix = diagnostic.fix
        place = diagnostic.subject.map { Place($0, in: sources) }
        address = diagnostic.address
        notes = diagnostic.notes.isEmpty ? nil : diagnostic.notes.map { Note($0, in: sources) }
        hidden = diagnostic.hidden.isEmpty ? nil : diagnostic.hidden.map { Place($0, in: sources) }
    }

    func diagnostic(in sources: SourceMap) throws(UnreadableRecord) -> Diagnostic {
        var diagnostic = Diagnostic(
            Diagnostic.Code(code), summary, detail: detail, fix: fix, at: try place.map(sources.known),
            address: address,
            notes: try (notes ?? []).map { note throws(UnreadableRecord) in try note.note(in: sources) },
            severity: severity, cause: cause)
        diagnostic.hidden = try (hidden ?? []).map(sources.known)
        return diagnostic
    }
}

extension DiagnosticRecord.Note {
    init(_ note: Diagnostic.Note, in sources: SourceMap) {
        text = note.text
        place = note.subject.map { Place($0, in: sources) }
    }

    func note(in sources: SourceMap) throws(UnreadableRecord) -> Diagnostic.Note {
        Diagnostic.Note(text, at: try place.map(sources.known))
    }
}

/// Why a line of a log is invalid, as the end of a sentence.
struct UnreadableRecord: Error, Hashable {
    let reason: String
}

extension SourceMap {
    /// The range of a place.
    /// - Throws: When the log does not name its source.
    func known(_ place: Place) throws(UnreadableRecord) -> SourceRange {
        guard let range = range(of: place) else {
            throw UnreadableRecord(reason: "it names `\(place.path)`, which is not among the sources of the run")
        }
        return range
    }
}
