package import Engine
import Language
import Wire

/// The uploaded files of each store, from the record: the path of each, and the mark that it was attached with.
struct RecordedUploads: Sendable {
    /// The field of a store's record with the ids of its files, by path.
    static let key = "uploads"
    /// The field with the ids of others' files of the same names, which existed before.
    static let othersKey = "others"
    /// The field with the ids of the files of replaced stores that could not go, by store.
    static let formerKey = "replaced"

    private var uploads: [Address: [String: String]] = [:]
    private var foreign: [Address: Set<String>] = [:]
    private var replaced: [Address: [String: Set<String>]] = [:]
    /// The files that an interrupted run was attaching, by store.
    private var attaching: [String: Set<String>] = [:]
    /// Where the store may have been retained by an apply that was cut off: if it is gone, its files are to stay.
    private var leaving: Set<Address> = []

    init(_ record: Record) {
        for (text, entry) in record.entries {
            // What was retained when its declaration left the spec is no longer ours.
            guard entry.isRetained != true, let address = Address(text: text),
                address.kind == VectorStoreResource.kind
            else { continue }
            if entry.isLeaving == true { leaving.insert(address) }
            foreign[address] = Set((entry.fields[Self.othersKey]?.array ?? []).compactMap(\.string))
            replaced[address] = entry.fields[Self.formerKey]?.object?.mapValues {
                Set(($0.array ?? []).compactMap(\.string))
            }
            for (path, id) in entry.fields[Self.key]?.object ?? [:] {
                guard let id = id.string, let mark = entry.fields["documents.\(path)"]?.string else { continue }
                self.uploads[address, default: [:]][id] = mark
            }
        }
        for (text, intent) in record.intents {
            // What was there before an interrupted run announced its uploads stays somebody else's when that is over.
            guard let address = Address(text: text), address.kind == VectorStoreResource.kind else { continue }
            foreign[address, default: []].formUnion(Announcement(intent).before.subtracting(marks(at: address).keys))
        }
        for each in record.intents.values.compactMap({ Attaching($0) }) {
            attaching[each.store, default: []].formUnion(each.files)
        }
    }

    var isEmpty: Bool { uploads.isEmpty }

    /// The addresses whose files are ours, whether their store is there or not.
    var addresses: [Address] { uploads.keys.filter { !leaving.contains($0) }.sorted() }

    /// The ids of all of them.
    var files: [String] { uploads.values.flatMap(\.keys) }

    /// Files that are not ours, although they have the name and perhaps the content of one of ours.
    func others(at address: Address) -> Set<String> {
        foreign[address] ?? []
    }

    /// The files of stores that were replaced at an address, and could not go, by store.
    func former(at address: Address) -> [String: Set<String>] {
        replaced[address] ?? [:]
    }

    /// All that a store at an address may hold of ours.
    func uploads(at address: Address, in store: String) -> Set<String> {
        Set(marks(at: address).keys).union(attaching[store] ?? [])
    }

    /// The marks, by file id.
    func marks(at address: Address) -> [String: String] {
        uploads[address] ?? [:]
    }
}

/// Files that are provably ours and in no store: those whose ids are in the record and whose store or attachment was
/// deleted, and those of an upload that was delivered twice.
extension VectorStoreResource {
    /// - Returns: A leftover for each address that has any.
    func strays(
        among files: [LlamaStack.File], beside found: [Discovered<LiveStore>], _ known: RecordedUploads,
        _ record: Record
    ) async throws -> [Discovered<LiveStore>] {
        // The uploads of a store of ours that cannot list them go with it.
        let unlisted = found.filter { $0.ownership == .ours }.flatMap { $0.live.unlisted ?? [] }
        let attached = Set(found.flatMap { $0.live.files.map(\.id) } + unlisted)
        var strays: [Address: [String]] = [:]
        for address in known.addresses {
            let own = Set(known.marks(at: address).keys)
            let recorded = files.filter { known.marks(at: address)[$0.id] != nil && !attached.contains($0.id) }
            // The uploads of an interrupted run are taken by the next one.
            let isOpen = record.intents[address.description] != nil
            let others = attached.union(known.others(at: address))
            let twins = isOpen ? [] : try await twins(of: own, among: files.filter { !others.contains($0.id) }, files)
            strays[address] = Set(recorded.map(\.id) + twins).sorted()
        }
        guard strays.values.contains(where: { !$0.isEmpty }) else { return [] }
        let elsewhere = try await leftovers.attachedFiles()
        return strays.sorted { $0.key < $1.key }.compactMap { address, ids in
            let ids = ids.filter { !elsewhere.contains($0) }
            guard !ids.isEmpty else { return nil }
            var live = LiveStore(store: LlamaStack.VectorStore(absent: address.name), of: stack)
            live.strays = ids
            let label = ids.count == 1 ? "uploaded file \(ids[0])" : "\(ids.count) uploaded files"
            return Discovered(address, .ours, live, label: "\(label), in no store", isStale: true)
        }
    }

    /// The unattached files that were uploaded at the same time as one of ours, with the same name and content.
    private func twins(
        of own: Set<String>, among loose: [LlamaStack.File], _ files: [LlamaStack.File]
    ) async throws -> [String] {
        guard !loose.isEmpty else { return [] }
        let byName = Dictionary(grouping: files.filter { own.contains($0.id) }, by: \.filename)
        var twins: [String] = []
        for file in loose where !own.contains(file.id) {
            let first = byName[file.filename]?.first { $0.mayBeTwin(of: file) }
            guard let first, let digest = try await server.files.digest(of: file.id),
                try await server.files.digest(of: first.id) == digest
            else { continue }
            twins.append(file.id)
        }
        return twins
    }

    /// Deletes files, unless they have been attached meanwhile.
    func deleteStrays(_ files: [String], in context: ApplyContext) async throws {
        let attached = try await leftovers.attachedFiles()
        for file in files where !attached.contains(file) {
            try context.checkInterruption()
            try await server.files.delete(file)
        }
    }

    /// The fields in the record of a store: also the ids of its files, by which they are known when the store is gone.
    package func fields(of desired: Desired, as live: LiveStore) -> AppliedFields {
        var fields = fields(of: desired)
        let paths = Dictionary(desired.marks.map { ($1, $0) }) { first, _ in first }
        let uploads = live.files.compactMap { file in
            live.mark(of: file).flatMap { paths[$0] }.map { ($0, Value.string(file.id)) }
        }
        if !live.others.isEmpty { fields[RecordedUploads.othersKey] = .array(live.others.sorted().map { .string($0) }) }
        if !live.former.isEmpty {
            let former = live.former.mapValues { Value.array($0.sorted().map { .string($0) }) }
            fields[RecordedUploads.formerKey] = .object(former)
        }
        if !uploads.isEmpty { fields[RecordedUploads.key] = .object(Dictionary(uploads) { first, _ in first }) }
        return fields
    }
}
