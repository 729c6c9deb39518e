package import Language

/// A kind of object on a server, and how its live state is brought to the desired state.
///
/// The contract, which one test runs every kind through: absent → create → no difference → change → update → no
/// difference → delete → absent → delete again. `discover` changes nothing; `create` of what exists and `delete` of
/// what does not are no errors; fields that the author did not write are not compared; every await can be cancelled.
package protocol Resource: Sendable {
    associatedtype Spec: DeclaredSpec
    /// A spec with its files read and its references resolved.
    associatedtype Desired: Sendable
    associatedtype Live: Sendable

    static var kind: String { get }
    /// What happens by default when a declaration is removed from the spec.
    static var onDelete: OnDelete { get }
    /// Whether discovery needs the record: only it knows which of the objects, or of what belongs to them, are ours.
    var isKnownByRecord: Bool { get }
    /// Whether discovery finds by its key whatever the record names and the server has: what it does not find is gone.
    var listsKeys: Bool { get }
    /// Whether two objects cannot have one name. Where they can, another stack's object of a wanted name is no rival.
    static var hasUniqueNames: Bool { get }
    /// Whether an object can be made anew for one that is there already, without anything of ours having changed.
    static var isReplaceable: Bool { get }
    /// Whether it moves something that others follow: then checks may have to pass first.
    static var promotes: Bool { get }
    /// Whether a change makes a new version, and what uses an older one goes on with that.
    static var makesVersions: Bool { get }

    /// All of this kind that is ours, or has a wanted name: from paginated listings, once per run.
    func discover(_ wanted: [Address: Spec], of stack: StackName) async throws -> [Discovered<Live>]
    /// The same where `isKnownByRecord`: what the record has of the objects says which are ours.
    func discover(
        _ wanted: [Address: Spec], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Discovered<Live>]
    /// Other stacks' objects that stand where something is wanted and nothing was found, for kinds whose discovery does
    /// not list them. It is asked only when they may be taken over.
    func discoverOthers(_ missing: [Address: Spec], of stack: StackName) async throws -> [Discovered<Live>]
    /// The desired state, given the outputs of others; placeholders stand for unknown values.
    /// - Throws: `Diagnostic` or `Diagnostics` for mistakes that can only be found now, such as an unknown model.
    func desired(_ spec: Spec, at address: Address, given outputs: Outputs) async throws -> Wanted<Desired>
    /// The same without the fields that are left to others, as if the spec had never declared them; those that an
    /// object must have are as they are. By default a kind has no such fields.
    func leaving(_ left: LeftFields, of desired: Desired, as live: Live) -> Desired
    /// Pure. `last` holds the fields that drover applied last, by path; empty when unknown.
    func differences(between live: Live, and desired: Desired, since last: AppliedFields) -> [FieldChange]
    /// The fields of a desired state, by path: shown when it is created, recorded when it is applied.
    func fields(of desired: Desired) -> AppliedFields
    /// What the record keeps of an object that was just applied: its fields, and what else helps to know it again.
    func fields(of desired: Desired, as live: Live) -> AppliedFields
    /// The fields of a live object, by path, as `differences` compares them; what drover did not write is among them,
    /// marks are not. Pure, and the same for the same object: what a saved plan pins and drift compares.
    func fields(of live: Live) -> AppliedFields
    /// What differs of what `differences` does not look at: files that are kept on a server. It reads, and changes
    /// nothing.
    func inspect(
        _ live: Live, as desired: Desired, at address: Address, _ inspection: Inspection
    ) async throws -> Inspected
    /// All of a desired state that can change what an agent does, by path, without ids of servers and without names,
    /// descriptions and tags that nobody reads while it answers.
    func identity(of desired: Desired) -> AppliedFields
    /// What is to be said of an object beside its differences.
    /// - Throws: `Diagnostic` when it must not be changed as it is.
    func remarks(on live: Live, as desired: Desired, permissions: Permissions) throws(Diagnostic) -> [Diagnostic]
    /// What a plan shows for an object that is to be created; by default the fields of its desired state.
    func creation(of desired: Desired) -> [FieldChange]
    /// For declarations that exist only inside other objects (an inline tool): the outputs. Plans never show them.
    func inlineOutputs(of desired: Desired) -> [String: Output]?
    /// The outputs that follow from the spec alone, for running it without an apply. None for most kinds.
    func draft(of desired: Desired) -> [String: Output]

    func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live
    func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live
    /// Creates the new object beside or instead of the old one. If the old one remains, discovery finds it as stale.
    func replace(
        _ live: Live, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> Live
    /// Whether a replacement makes the new object while the old one is still there.
    func isMadeBeside(_ live: Live, _ desired: Desired) -> Bool
    /// Removes what an open intent announced of something that is neither declared nor there any more; by default nothing.
    func abandon(_ intent: Value) async throws
    /// Which of the leftovers beside an object a replacement of it goes on with: one that an earlier replacement began for the
    /// same. nil when it begins anew. Pure.
    func unfinished(among leftovers: [Live], for desired: Desired) -> Int?
    func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws
    /// Why an object that is to be deleted is kept and only forgotten, as a plan says it; nil where nothing is in the
    /// way.
    ///
    /// - Parameter forgotten: The addresses whose objects are forgotten before.
    /// - Throws: `Diagnostic` (`protected`) where deleting it would take along what is not this stack's; `Undeletable` where
    ///   the reason is another one, or may pass.
    func reasonToKeep(
        _ live: Live, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String?
    /// For each object that left the spec why it stays for now, and stays ours: something that the spec no longer says still
    /// uses it; nil where it can go. Where everything goes, it is not asked.
    ///
    /// - Parameter removed: The addresses whose objects are deleted with them: these use nothing any more.
    func reasonsToWait(_ lives: [Live], after removed: Set<Address>) async throws -> [Usage?]
    /// For each object that versions with an alias use whether any still uses it once something was done.
    func areUsed(_ lives: [Live], after beforehand: Beforehand) async throws -> [Bool]
    /// What earlier definitions left on a server beside an object, and an update removes as soon as nothing uses it; nothing
    /// for most kinds. Pure.
    func remainders(of live: Live, beside desired: Desired) -> Remainders<Live>
    /// What names an object that is imported, such as `the experiment's id or name`; nil when none of the kind can be.
    static var importKey: String? { get }
    /// The object that somebody names, whoever owns it; nil when there is none. Its address is the one of its mark, if
    /// any.
    func find(_ id: String, of stack: StackName) async throws -> Discovered<Live>?
    /// Marks an object as ours: adopt, import.
    func mark(_ live: Live, as address: Address, in context: ApplyContext) async throws -> Live
    /// Removes our mark and nothing else.
    func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws

    func outputs(of live: Live) -> [String: Output]
    /// The same, for kinds whose outputs also depend on the desired state.
    func outputs(of live: Live, as desired: Desired) -> [String: Output]
    /// The outputs that are known before an object is created; nil when it must exist first. The desired state may
    /// contain placeholders.
    func outputs(ofCreating desired: Desired) -> [String: Output]?
    /// The outputs that an update does not change; the others are known only after apply.
    func outputs(ofUpdating live: Live, to desired: Desired) -> [String: Output]
}

extension Resource {
    package var isKnownByRecord: Bool { false }

    package var listsKeys: Bool { true }

    package static var hasUniqueNames: Bool { true }

    package static var isReplaceable: Bool { false }

    package static var promotes: Bool { false }

    package static var makesVersions: Bool { false }

    package func isMadeBeside(_ live: Live, _ desired: Desired) -> Bool { false }

    package func abandon(_ intent: Value) async throws {}

    package func unfinished(among leftovers: [Live], for desired: Desired) -> Int? { nil }

    package func identity(of desired: Desired) -> AppliedFields { [:] }

    package func remarks(
        on live: Live, as desired: Desired, permissions: Permissions
    ) throws(Diagnostic) -> [Diagnostic] { [] }

    package static var importKey: String? { nil }

    package func find(_ id: String, of stack: StackName) async throws -> Discovered<Live>? { nil }

    package func discover(
        _ wanted: [Address: Spec], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Discovered<Live>] {
        try await discover(wanted, of: stack)
    }

    package func discoverOthers(
        _ missing: [Address: Spec], of stack: StackName
    ) async throws -> [Discovered<Live>] { [] }

    package func leaving(_ left: LeftFields, of desired: Desired, as live: Live) -> Desired { desired }

    package func inspect(
        _ live: Live, as desired: Desired, at address: Address, _ inspection: Inspection
    ) async throws -> Inspected { Inspected() }

    package func creation(of desired: Desired) -> [FieldChange] {
        fields(of: desired).map { FieldChange($0.key, new: $0.value) }
    }

    package func fields(of desired: Desired, as live: Live) -> AppliedFields { fields(of: desired) }

    package func inlineOutputs(of desired: Desired) -> [String: Output]? { nil }

    package func draft(of desired: Desired) -> [String: Output] { [:] }

    package func reasonToKeep(
        _ live: Live, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String? { nil }

    package func reasonsToWait(_ lives: [Live], after removed: Set<Address>) async throws -> [Usage?] {
        lives.map { _ in nil }
    }

    package func areUsed(_ lives: [Live], after beforehand: Beforehand) async throws -> [Bool] {
        lives.map { _ in true }
    }

    package func remainders(of live: Live, beside desired: Desired) -> Remainders<Live> { Remainders() }

    package func outputs(of live: Live, as desired: Desired) -> [String: Output] { outputs(of: live) }

    package func outputs(ofCreating desired: Desired) -> [String: Output]? { nil }

    package func outputs(ofUpdating live: Live, to desired: Desired) -> [String: Output] {
        outputs(of: live, as: desired)
    }

    package func replace(
        _ live: Live, with desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        try await create(desired, at: address, in: context)
    }
}

/// The fields that drover applied last to an object, by path: `tags.team`.
package typealias AppliedFields = [String: Value]

/// What a resource may use during changes.
package struct ApplyContext: Sendable {
    package let stack: StackName
    package let record: any RecordStore
    /// The intent of an interrupted run for this address, which may have left objects behind; nil when there is none.
    package let intent: Value?
    /// Reports the progress of a long operation.
    package let progress: @Sendable (Advance) -> Void
    /// Reports a warning.
    package let warn: @Sendable (Diagnostic) -> Void
    /// Whether new requests may be started; false once the user interrupts. Long operations of many requests ask.
    package let mayStart: @Sendable () -> Bool
    /// Closes an intent as soon as the record holds what was done: until then only the intent tells of it.
    package let closeOnceRecorded: @Sendable (Address) -> Void

    package init(
        stack: StackName, record: any RecordStore, intent: Value? = nil,
        progress: @escaping @Sendable (Advance) -> Void, warn: @escaping @Sendable (Diagnostic) -> Void = { _ in },
        mayStart: @escaping @Sendable () -> Bool = { true },
        closeOnceRecorded: @escaping @Sendable (Address) -> Void = { _ in }
    ) {
        self.stack = stack
        self.record = record
        self.intent = intent
        self.progress = progress
        self.warn = warn
        self.mayStart = mayStart
        self.closeOnceRecorded = closeOnceRecorded
    }
}

extension ApplyContext {
    /// - Throws: `CancellationError` once the user interrupts: what has been begun of many requests is left to the next run.
    package func checkInterruption() throws {
        guard mayStart() else { throw CancellationError() }
    }
}

/// The owner of an object.
package enum Ownership: Sendable, Hashable {
    case ours
    /// This stack's once, and kept when its declaration left the spec: taken up again where it is wanted. Where it is
    /// not, forgetting it was cut off, and is finished.
    case retained
    case other(stack: String)
    case unmarked
}

/// A live object that discovery found.
package struct Discovered<Live: Sendable>: Sendable {
    package let address: Address
    package let ownership: Ownership
    package let live: Live
    /// Its display name: `vs_123 (handbook)`.
    package let label: String
    /// A leftover of an interrupted replacement, beside the current object: to be deleted.
    package let isStale: Bool
    /// Ours, but left alone while others use it: no part of a plan, and no reason to forget that it is ours.
    package let isSetAside: Bool
    /// A leftover that versions with an alias use: no part of a plan as long as they do.
    package let isHeld: Bool

    package init(
        _ address: Address, _ ownership: Ownership, _ live: Live, label: String, isStale: Bool = false,
        isSetAside: Bool = false, isHeld: Bool = false
    ) {
        self.isHeld = isHeld
        self.address = address
        self.ownership = ownership
        self.live = live
        self.label = label
        self.isStale = isStale
        self.isSetAside = isSetAside
    }
}

extension Discovered {
    /// The same, held by versions with an alias.
    package var held: Discovered {
        Discovered(
            address, ownership, live, label: label, isStale: isStale, isSetAside: isSetAside, isHeld: true)
    }
}
