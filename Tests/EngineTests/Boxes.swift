import Engine
import Language
import Synchronization

/// A place in a spec, told apart by its line.
func place(_ line: UInt32) -> SourceRange {
    SourceRange(
        source: SourceID(index: 0), start: SourcePosition(line: line, column: 1),
        end: SourcePosition(line: line, column: 2))
}

/// A declared box: a thing with a label and a size, which may need other boxes.
struct BoxSpec: DeclaredSpec {
    static let noun = "a box"
    private static let labelKey = Key<String>("label", .text, "What stands on it.")
    private static let sizeKey = Key<Int>("size", .integer(), "Fixed once it is there.")
    private static let insideKey = Key<[Located<String>]>("inside", .list(.name(of: "boxes")), "Boxes in it.")
    private static let impliesKey = Key<String>("implies", .text, "Another box that is declared by implication.")
    static let fields = Common.fields + [labelKey.field, sizeKey.field, insideKey.field, impliesKey.field]

    let common: Common
    let label: String?
    let size: Int?
    let inside: [Located<String>]
    let implies: String?

    init(from fields: inout Fields) {
        common = Common(from: &fields)
        label = fields.read(Self.labelKey)
        size = fields.read(Self.sizeKey)
        inside = fields.read(Self.insideKey) ?? []
        implies = fields.read(Self.impliesKey)
    }

    init(name: String) {
        common = Common(name: name)
        label = nil
        size = nil
        inside = []
        implies = nil
    }

    var uses: [Use] {
        inside.map { Use("boxes", $0) }
    }

    func implied(at address: Address, in stack: StackName) -> [Address: any DeclaredSpec] {
        implies.map { [Address("boxes", $0): BoxSpec(name: $0)] } ?? [:]
    }

    func impliedUses(at address: Address, in stack: StackName) -> [Use] {
        implies.map { [Use(implied: Address("boxes", $0))] } ?? []
    }
}

/// A box as it is.
struct Box: Sendable, Hashable {
    var id: Int
    var name: String
    var label: String?
    var size: Int?
    /// Ids of the boxes in it.
    var inside: [Int] = []
    /// Whose it is, and what declares it.
    var stack: String?
    var address: Address?
}

/// Where boxes are kept.
final class Shelf: Sendable {
    private struct State {
        var boxes: [Box] = []
        var next = 1
        var calls: [String] = []
        var looks = 0
        var broken: Set<String> = []
        var cancelled: Set<String> = []
    }

    private let state = Mutex(State())

    var boxes: [Box] {
        state.withLock { $0.boxes }
    }

    /// What was done, in order: `create a`.
    var calls: [String] {
        state.withLock { $0.calls }
    }

    /// How often somebody asked for what a box gives to others.
    var looks: Int {
        state.withLock { $0.looks }
    }

    func noteLook() {
        state.withLock { $0.looks += 1 }
    }

    /// From now on calls such as `create a` fail.
    func fail(_ calls: String...) {
        state.withLock { $0.broken = Set(calls) }
    }

    /// From now on calls such as `create a` find themselves cancelled.
    func cancel(_ calls: String...) {
        state.withLock { $0.cancelled = Set(calls) }
    }

    func change(_ id: Int, _ body: (inout Box) -> Void) {
        state.withLock { state in
            for index in state.boxes.indices where state.boxes[index].id == id { body(&state.boxes[index]) }
        }
    }

    /// Puts a box there that nobody declared.
    @discardableResult
    func put(_ name: String, label: String? = nil, stack: String? = nil, address: Address? = nil) -> Int {
        state.withLock { state in
            defer { state.next += 1 }
            state.boxes.append(Box(id: state.next, name: name, label: label, stack: stack, address: address))
            return state.next
        }
    }

    func remove(_ id: Int) {
        state.withLock { $0.boxes.removeAll { $0.id == id } }
    }

    func note(_ call: String) throws {
        try state.withLock { state in
            if state.cancelled.contains(call) { throw CancellationError() }
            if state.broken.contains(call) {
                throw Diagnostic("broken", "Broken", detail: "`\(call)` failed.", cause: .unavailable)
            }
            state.calls.append(call)
        }
    }
}

/// Keeps boxes on a shelf. Identity: the mark; names are not unique.
struct BoxResource: Resource {
    static let kind = "boxes"
    static let onDelete = OnDelete.delete
    static let isReplaceable = true

    struct Desired: Sendable {
        var name: String
        var label: String?
        var size: Int?
        var inside: [Int]
    }

    let shelf: Shelf

    func discover(_ wanted: [Address: BoxSpec], of stack: StackName) async throws -> [Discovered<Box>] {
        var found: [Discovered<Box>] = []
        for box in shelf.boxes.reversed() {
            if box.stack == stack.name, let address = box.address {
                let isStale = found.contains { $0.address == address }
                found.append(Discovered(address, .ours, box, label: "box \(box.id)", isStale: isStale))
            } else if let named = wanted.first(where: { ($1.common.name ?? $0.name) == box.name }) {
                let owner = box.stack.map { Ownership.other(stack: $0) } ?? .unmarked
                found.append(Discovered(named.key, owner, box, label: "box \(box.id)"))
            }
        }
        let ours = Set(found.filter { $0.ownership == .ours }.map(\.address))
        return found.filter { $0.ownership == .ours || !ours.contains($0.address) }
    }

    func desired(_ spec: BoxSpec, at address: Address, given outputs: Outputs) async throws -> Wanted<Desired> {
        if spec.label == "forbidden" {
            throw Diagnostics(["This", "That"].map { Diagnostic("bad", "Bad", detail: "\($0) is wrong.") })
        }
        let ids = spec.inside.map { outputs.value("id", of: Address("boxes", $0.value))?.integer }
        return Wanted(
            Desired(
                name: spec.common.name ?? address.name, label: spec.label, size: spec.size,
                inside: ids.map { $0 ?? 0 }),
            unknown: ids.contains(nil) ? ["inside"] : [])
    }

    func differences(between live: Box, and desired: Desired, since last: AppliedFields) -> [FieldChange] {
        FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last).map { change in
            var change = change
            change.forcesReplacement = change.path == "size"
            return change
        }
    }

    func fields(of live: Box) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(live.name)]
        fields["label"] = live.label.map { .string($0) }
        fields["size"] = live.size.map { .integer($0) }
        fields["inside"] = live.inside.isEmpty ? nil : .array(live.inside.map { .integer($0) })
        return fields
    }

    func fields(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(desired.name)]
        fields["label"] = desired.label.map { .string($0) }
        fields["size"] = desired.size.map { .integer($0) }
        fields["inside"] = desired.inside.isEmpty ? nil : .array(desired.inside.map { .integer($0) })
        return fields
    }

    func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Box {
        try shelf.note("create \(address.name)")
        let id = shelf.put(desired.name, label: desired.label, stack: context.stack.name, address: address)
        shelf.change(id) { box in
            box.size = desired.size
            box.inside = desired.inside
        }
        return shelf.boxes.first { $0.id == id } ?? Box(id: id, name: desired.name)
    }

    func update(
        _ live: Box, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Box {
        try shelf.note("update \(address.name)")
        let changes = differences(between: live, and: desired, since: last)
        shelf.change(live.id) { box in
            box.name = desired.name
            if changes.contains(where: { $0.path == "label" }) { box.label = desired.label }
            box.inside = desired.inside
        }
        return shelf.boxes.first { $0.id == live.id } ?? live
    }

    func delete(_ live: Box, at address: Address, in context: ApplyContext) async throws {
        try shelf.note("delete \(address.name)")
        shelf.remove(live.id)
    }

    func mark(_ live: Box, as address: Address, in context: ApplyContext) async throws -> Box {
        try shelf.note("mark \(address.name)")
        shelf.change(live.id) { box in
            box.stack = context.stack.name
            box.address = address
        }
        return shelf.boxes.first { $0.id == live.id } ?? live
    }

    func forget(_ live: Box, at address: Address, in context: ApplyContext) async throws {
        try shelf.note("forget \(address.name)")
        shelf.change(live.id) { box in
            box.stack = nil
            box.address = nil
        }
    }

    func outputs(of live: Box) -> [String: Output] {
        shelf.noteLook()
        return ["id": .integer(live.id)]
    }
}

/// A record in memory, which can be made to fail.
actor MemoryRecord: RecordStore {
    private(set) var record = Record()
    private(set) var saves: [[String: Record.Entry]] = []
    private var failingSave: Int?

    /// The save of this number, from 1, fails.
    func failSave(_ number: Int) {
        failingSave = number
    }

    func load() -> Record {
        record
    }

    func save(_ entries: [String: Record.Entry]) throws {
        if saves.count + 1 == failingSave {
            throw Diagnostic("full", "Full", detail: "The disk is full.", cause: .unavailable)
        }
        saves.append(entries)
        record.entries = entries
    }

    func open(_ intent: Value, for address: Address) {
        record.intents[address.description] = intent
    }

    func close(intentOf address: Address) {
        record.intents[address.description] = nil
    }

    func bind(to servers: ServerIdentities, isStrict: Bool) {}

    func replace(with record: Record) { self.record = record }

    func log(_ entry: HistoryEntry, leaving remains: RunRemains?) {}

    func note(_ verdicts: [String]) {}

    func history() -> [HistoryEntry] { [] }

    func remains(ofRun number: Int) -> RunRemains? { nil }

    func content(_ sha256: String) -> [UInt8]? { nil }

    nonisolated var place: String { "memory" }
}
