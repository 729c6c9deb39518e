import Engine
import Language
import Wire

/// How far a store is with its documents, as its metadata say.
///
///     drover.phase: unsettled            before several documents are attached at the same time
///     drover.last: helpdesk:0f3a…        when all but this one have answered, before it is attached alone
///     drover.phase: ready                when all of them were found by a search
extension LiveStore {
    /// The key of the metadata that says whether a store is whole.
    static let phaseKey = "drover.phase"
    /// The key of the metadata with the mark of the document that is attached alone, after all others.
    static let lastKey = "drover.last"
    static let building = "building"
    static let unsettled = "unsettled"
    static let ready = "ready"

    /// The providers whose stores take several documents at a time, each tried on a real server. All others get one after
    /// the other.
    private static let together = ["faiss"]

    /// nil for a store that never was anything but whole.
    var phase: String? {
        store.metadata[Self.phaseKey]?.string
    }

    /// Whether documents were attached at the same time and may not all be kept yet.
    var isUnsettled: Bool {
        phase == Self.unsettled
    }

    /// Whether it is to take the place of another one, or still to get its first documents.
    var isBuilding: Bool {
        phase == Self.building
    }

    /// Whether nobody can know if its documents will be there after a restart, and nothing is left to bring that would tell.
    func isBeyondSettling(_ changes: DocumentChanges, on server: Capabilities) -> Bool {
        (isUnsettled || isBuilding) && takesTogether(on: server) && changes.attach.isEmpty && !isKept
            && !files.isEmpty
    }

    /// Whether several documents may be attached to it at a time.
    func takesTogether(on server: Capabilities) -> Bool {
        guard server.attachesTogether, let provider = store.metadata["provider_id"]?.string else { return false }
        return Self.together.contains { provider.contains($0) }
    }

    /// Whether the document that came alone after all others is there: what was in the index then is kept.
    var isKept: Bool {
        guard let last = store.metadata[Self.lastKey]?.string else { return false }
        return files.contains { $0.status == .completed && mark(of: $0) == last }
    }

    /// Its metadata in another phase.
    func metadata(phase: String, last: String? = nil) -> [String: Value] {
        var metadata = store.metadata
        metadata[Self.phaseKey] = .string(phase)
        metadata[Self.lastKey] = last.map { .string($0) }
        return metadata
    }
}
