import Engine
import Kinds
import Language
import Synchronization

/// A toy kind: sticky notes, kept in a drawer instead of on a server. It is a folder like those in Sources/Kinds.
extension Kind {
    static func notes(in drawer: Drawer) -> Kind {
        Kind(
            Section(NoteResource.kind, NoteSpec.self, "Sticky notes."), home: .mlflow,
            names: NameSpace("the drawer's notes"),
            driver: { _ in ResourceDriver(NoteResource(drawer: drawer)) },
            conflicts: { declarations, _ in
                declarations.filter { ($0.spec as? NoteSpec)?.text == "No." }.map {
                    Diagnostic("contrary", "A contrary note", detail: "It says no.", at: $0.range)
                }
            },
            probe: { declaration, _ in (declaration.spec as? NoteSpec).map { .met("says \($0.text)") } })
    }
}

/// What a spec says of a note.
struct NoteSpec: DeclaredSpec {
    static let noun = "a note"
    private static let textKey = Key<String>(
        "text", .someText, required: true, example: "Buy hay.", "What is written on it.")
    static let fields = Common.fields + [textKey.field]

    let common: Common
    let text: String

    init(from fields: inout Fields) {
        common = Common(from: &fields)
        text = fields.read(Self.textKey) ?? ""
    }
}

/// A note as it is.
struct Note: Sendable, Hashable {
    var name: String
    var text: String
    /// What declares it; nil once it is forgotten.
    var address: Address?
}

/// Where notes are.
final class Drawer: Sendable {
    private let state = Mutex<[String: Note]>([:])

    var notes: [Note] {
        state.withLock { Array($0.values) }
    }

    func put(_ note: Note) {
        state.withLock { $0[note.name] = note }
    }

    func remove(_ name: String) {
        state.withLock { $0[name] = nil }
    }
}

/// Notes of a drawer. Identity: the mark, then the name.
struct NoteResource: Resource {
    static let kind = "notes"
    static let onDelete = OnDelete.delete

    struct Desired: Sendable {
        var name: String
        var text: String
    }

    let drawer: Drawer

    func discover(_ wanted: [Address: NoteSpec], of stack: StackName) async throws -> [Discovered<Note>] {
        drawer.notes.compactMap { note in
            if let address = note.address { return Discovered(address, .ours, note, label: "note \(note.name)") }
            let named = wanted.first { ($1.common.name ?? $0.name) == note.name }
            return named.map { Discovered($0.key, .unmarked, note, label: "note \(note.name)") }
        }
    }

    func desired(_ spec: NoteSpec, at address: Address, given outputs: Outputs) async throws -> Wanted<Desired> {
        Wanted(Desired(name: spec.common.name ?? address.name, text: spec.text))
    }

    func differences(between live: Note, and desired: Desired, since last: AppliedFields) -> [FieldChange] {
        FieldChange.between(live: fields(of: live), desired: fields(of: desired), since: last)
    }

    func fields(of live: Note) -> AppliedFields { ["name": .string(live.name), "text": .string(live.text)] }

    func fields(of desired: Desired) -> AppliedFields {
        ["name": .string(desired.name), "text": .string(desired.text)]
    }

    func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Note {
        try await update(
            Note(name: desired.name, text: "", address: nil), to: desired, since: [:], at: address, in: context)
    }

    func update(
        _ live: Note, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Note {
        try Task.checkCancellation()
        drawer.remove(live.name)
        let note = Note(name: desired.name, text: desired.text, address: address)
        drawer.put(note)
        return note
    }

    func delete(_ live: Note, at address: Address, in context: ApplyContext) async throws {
        drawer.remove(live.name)
    }

    func mark(_ live: Note, as address: Address, in context: ApplyContext) async throws -> Note {
        let note = Note(name: live.name, text: live.text, address: address)
        drawer.put(note)
        return note
    }

    func forget(_ live: Note, at address: Address, in context: ApplyContext) async throws {
        drawer.put(Note(name: live.name, text: live.text, address: nil))
    }

    func outputs(of live: Note) -> [String: Output] { ["text": .string(live.text)] }
}
