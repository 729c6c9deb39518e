import Engine
import FoundationEssentials
import Language
import Wire

/// The files that a run is about to attach to a store; the record contains them until all are attached.
///
/// No server lists an attachment before it is finished, and one that is requested again meanwhile corrupts the store:
/// one document is in it twice, and another one is no longer found. So an attachment is never requested again; one
/// without a response, or requested by an interrupted run, is waited for, and the store is recreated when it does not
/// appear.
///
///     {"store": "vs_1", "files": ["file-1"], "size": 1024, "time": 1795400000}
struct Attaching: Sendable, Hashable {
    /// The minimum number of bytes that a server ingests per second.
    private static let pace = 20 << 10

    let store: String
    let files: Set<String>
    /// The total size, in bytes.
    private let size: Int
    /// When the attachments began, in seconds since 1970.
    private let time: Int

    init(_ uploads: [Uploaded], to store: String) {
        self.store = store
        files = Set(uploads.map(\.file.id))
        size = uploads.reduce(0) { $0 + $1.file.size }
        time = Self.now
    }

    /// Reads an intent of the record; nil when it announces no attachment.
    init?(_ intent: Value?) {
        guard let store = intent?["store"]?.string, let files = intent?["files"]?.array else { return nil }
        self.store = store
        self.files = Set(files.compactMap(\.string))
        size = intent?["size"]?.integer ?? 0
        time = intent?["time"]?.integer ?? 0
    }

    /// The key in the record: separate from the announcement for the store as a whole.
    static func place(for address: Address) -> Address {
        Address(address.kind, "\(address.name)/attaching")
    }

    var value: Value {
        [
            "store": .string(store), "files": .array(files.sorted().map { .string($0) }), "size": .integer(size),
            "time": .integer(time),
        ]
    }

    /// How much longer to wait for them, given the patience for a small file.
    func rest(of patience: Duration) -> Duration {
        guard patience > .zero else { return .zero }
        let whole = patience + .seconds(size / Self.pace)
        let elapsed = Duration.seconds(Self.now - time)
        return elapsed < .zero ? whole : max(.zero, whole - elapsed)
    }

    private static var now: Int { Int(Date().timeIntervalSince1970) }
}

/// Why a store cannot be trusted after an interrupted attachment.
enum Doubt: Sendable, Hashable {
    /// The number of files that were to be attached, and did not appear.
    case missing(Int)
    /// Documents that are listed, but found by no search.
    case lost([String])

    /// The reason for recreating the store.
    var note: String {
        switch self {
        case .missing(let count): "an interrupted run left \(count) attachment(s) that did not end"
        case .lost(let paths):
            "no search finds \(paths.prefix(3).joined(separator: ", "))"
                + (paths.count > 3 ? " and \(paths.count - 3) more" : "")
        }
    }
}

extension LiveStore {
    /// Why a new store has to replace it, whatever is wanted in it; nil when it is sound.
    var reasonToMakeAnew: String? {
        if isBroken { return "the server can no longer list them" }
        if let doubt { return doubt.note }
        return isMarked && holdsTwice ? "a document is in it twice, and others may be lost" : nil
    }
}

extension VectorStoreResource {
    /// Waits until a store lists what it was asked to ingest, or the time for that is over.
    /// - Parameter tell: is told once what is waited for, if anything is.
    /// - Returns: Its files; nil when it can no longer list them.
    func awaitListed(
        _ attaching: Attaching, _ tell: (String) -> Void
    ) async throws -> [LlamaStack.VectorStoreFile]? {
        var hasTold = false
        var deadline = ContinuousClock.now + attaching.rest(of: patience)
        var open = attaching.files.count
        while true {
            guard let files = try await server.listedFiles(of: attaching.store) else { return nil }
            let left =
                attaching.files.count - files.count { attaching.files.contains($0.id) && $0.status != .inProgress }
            guard left > 0, ContinuousClock.now < deadline else { return files }
            if !hasTold { tell(Self.awaited(left, for: deadline - .now)) }
            hasTold = true
            // As long as some appear, others may follow.
            if left < open { deadline = max(deadline, .now + patience) }
            open = left
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Waits for the unfinished attachments of an interrupted run in a wanted store, and checks that all documents are
    /// found.
    func examine(
        _ found: Discovered<LiveStore>, _ attaching: Attaching?, wanted: VectorStoreSpec?
    ) async throws -> Discovered<LiveStore> {
        var live = found.live
        guard let wanted, found.ownership == .ours, !found.isStale, !live.isBroken else { return found }
        let attaching = attaching?.store == live.store.id ? attaching : nil
        guard attaching != nil || live.isUnsettled else { return found }
        let files =
            if let attaching {
                try await awaitListed(attaching) { tell("\(found.address): \($0)") }
            } else {
                try await awaitCalm(live, at: found.address)
            }
        live.files = files ?? []
        live.unlisted = files == nil ? Set(live.recorded.keys).union(attaching?.files ?? []) : nil
        let missing = attaching.map { $0.files.subtracting(live.files.map(\.id)).count } ?? 0
        live.doubt = missing > 0 ? .missing(missing) : try await lost(in: live, wanted)
        return Discovered(found.address, found.ownership, live, label: found.label, isStale: found.isStale)
    }

    /// What is said when so many attachments are waited for.
    private static func awaited(_ count: Int, for time: Duration) -> String {
        "waiting up to \(max(1, time.components.seconds)) s for \(count == 1 ? "a document" : "\(count) documents") "
            + "that the server was asked to take in, and gave no answer about …"
    }

    private func lost(in live: LiveStore, _ wanted: VectorStoreSpec) async throws -> Doubt? {
        let sought = Sought(documents(of: wanted), in: stack, chunking: wanted.chunking)
        let lost = try await unfound(sought.marks(in: live), of: sought, in: live.store.id)
        return lost.isEmpty ? nil : .lost(lost.compactMap { sought.documents[$0]?.path }.sorted())
    }

    /// Waits until the server ingests nothing more, when the record does not say what it was asked to ingest.
    private func awaitCalm(_ live: LiveStore, at address: Address) async throws -> [LlamaStack.VectorStoreFile]? {
        tell("\(address): waiting until the server ingests nothing more of what an interrupted run added …")
        var count = live.files.count
        for _ in 0..<30 {
            try await Task.sleep(for: min(patience, .seconds(2)))
            guard let files = try await server.listedFiles(of: live.store.id) else { return nil }
            if files.count == count { return files }
            count = files.count
        }
        return try await server.listedFiles(of: live.store.id)
    }
}
