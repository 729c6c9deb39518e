import Engine
import Language
import Wire

/// The phase of a store and its documents, in its metadata.
///
///     drover.phase: unsettled            before several documents are attached at the same time
///     drover.last: helpdesk:0f3a…        when all but this one have answered, before it is attached alone
///     drover.phase: ready                when all of them were found by a search
extension LiveStore {
    /// The metadata key of the phase.
    static let phaseKey = "drover.phase"
    /// The metadata key of the mark of the document that is attached alone, after all others.
    static let lastKey = "drover.last"
    /// The metadata key of what a store that is being built is for; gone once it is complete.
    static let digestKey = "drover.digest"
    static let building = "building"
    static let unsettled = "unsettled"
    static let ready = "ready"

    /// The providers whose stores take concurrent attachments, each tested on a real server. For all others, documents
    /// are attached one after the other.
    private static let together = ["faiss"]

    /// nil for a store that was always complete.
    var phase: String? {
        store.metadata[Self.phaseKey]?.string
    }

    /// Whether documents were attached concurrently and may not all be persisted yet.
    var isUnsettled: Bool {
        phase == Self.unsettled
    }

    /// Whether it is going to replace another one, or still to get its first documents.
    var isBuilding: Bool {
        phase == Self.building
    }

    /// Whether it cannot be known if its documents survive a restart, and no document is left to attach that would show
    /// it.
    func isBeyondSettling(_ changes: DocumentChanges, on server: Capabilities) -> Bool {
        (isUnsettled || isBuilding) && takesTogether(on: server) && changes.attach.isEmpty && !isKept
            && !files.isEmpty
    }

    /// Whether several documents may be attached to it concurrently.
    func takesTogether(on server: Capabilities) -> Bool {
        guard server.attachesTogether, let provider = store.metadata["provider_id"]?.string else { return false }
        return Self.together.contains { provider.contains($0) }
    }

    /// Whether the document that was attached alone after all others is in it: then everything before it is persisted.
    var isKept: Bool {
        guard let last = store.metadata[Self.lastKey]?.string else { return false }
        return files.contains { $0.status == .completed && mark(of: $0) == last }
    }

    /// Its metadata in another phase.
    func metadata(phase: String, last: String? = nil) -> [String: Value] {
        var metadata = store.metadata
        metadata[Self.phaseKey] = .string(phase)
        metadata[Self.lastKey] = last.map { .string($0) }
        if phase != Self.building { metadata[Self.digestKey] = nil }
        return metadata
    }
}
