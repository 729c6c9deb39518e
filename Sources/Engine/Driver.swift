package import Language

/// A resource of any kind, for the planner and the executor, which know no kind.
package protocol Driver: Sendable {
    var kind: String { get }
    var onDelete: OnDelete { get }
    /// Whether it moves something that others follow.
    var promotes: Bool { get }
    /// Whether no two objects of the kind have one name.
    var hasUniqueNames: Bool { get }
    /// Whether a change makes a new version beside the one that others use.
    var makesVersions: Bool { get }
    /// Whether discovery needs the record.
    var isKnownByRecord: Bool { get }
    /// Whether discovery finds by its key whatever the record names and the server has.
    var listsKeys: Bool { get }
    func discover(
        _ declarations: [Declaration], of stack: StackName, knowing record: AwaitedRecord
    ) async throws -> [Member]
    /// Other stacks' objects in the place of declarations of which nothing was found.
    func discoverOthers(_ missing: [Declaration], of stack: StackName) async throws -> [Member]
    /// Decides with what is known now, and returns the outputs that will still be valid after apply.
    func preview(_ request: DriverRequest) async throws -> Preview
    /// What differs of an object of ours beside what was decided.
    func inspect(_ request: DriverRequest, _ inspection: Inspection) async throws -> Inspected
    /// Decides again with everything known, reports the decision, and executes it unless the report throws.
    func apply(
        _ request: DriverRequest, in context: ApplyContext, onDecision: @Sendable (Decision) throws -> Void
    ) async throws -> Step
    func remove(_ member: Member, action: Action, in context: ApplyContext) async throws
    /// Removes what an open intent announced of something that is neither declared nor there.
    func abandon(_ intent: Value) async throws
    /// Which of some leftovers a replacement goes on with; nil when it begins anew.
    func unfinished(among leftovers: [Member], _ request: DriverRequest) async throws -> Int?
    /// Why a member that is to be deleted is kept and only forgotten; nil where nothing is in the way.
    func reasonToKeep(
        _ member: Member, of stack: StackName, forgetting forgotten: Set<Address>
    ) async throws -> String?
    /// For each member that left the spec why it stays for now, and stays ours; nil where it can go.
    ///
    /// - Parameter removed: The addresses whose objects are deleted with them.
    func reasonsToWait(_ members: [Member], after removed: Set<Address>) async throws -> [Usage?]
    /// For each member that versions with an alias use whether any still uses it once something was done.
    func areUsed(_ members: [Member], after beforehand: Beforehand) async throws -> [Bool]
    func outputs(of member: Member) -> [String: Output]
    /// The fields of the live object, by path, as drover compares them.
    func fields(of member: Member) -> AppliedFields
    /// What names an object that is imported; nil when none of the kind can be.
    var importKey: String? { get }
    /// The object that somebody names, whoever owns it; nil when there is none.
    func find(_ id: String, of stack: StackName) async throws -> Member?
    /// Marks an object as ours.
    /// - Returns: What the record must know of it: its natural key, if it can carry no mark.
    func mark(_ member: Member, as address: Address, in context: ApplyContext) async throws -> AppliedFields
}

extension Driver {
    /// Of the live object: the same as long as nothing about it changes that drover compares.
    func fingerprint(_ member: Member, leaving left: LeftFields) -> Fingerprint {
        Fingerprint(label: member.label, fields: left.removed(from: fields(of: member)))
    }
}

/// The planned action for one address.
package struct Preview: Sendable {
    package var decision: Decision
    /// The outputs that will still be valid after apply; nil when none is known yet.
    package var outputs: [String: Output]?
    /// The outputs that follow from the spec alone, applied or not.
    package var draft: [String: Output]
    /// Paths of the fields that are known only after apply.
    package var unknown: Set<String>
    package var warnings: [Diagnostic]
    /// All of it that can change what an agent does, by path.
    package var identity: @Sendable () -> AppliedFields = { [:] }
    /// Whether a replacement makes the new object while the old one is still there.
    package var isNewFirst = false
    /// What earlier definitions left beside the object, and stays as long as versions with an alias use it.
    package var remaining: [Member] = []
    /// The labels of what an update removes that does nothing else; empty for all others.
    package var lettingGo: [String] = []
}

/// A live object of any kind.
package struct Member: Sendable {
    package var address: Address
    package var ownership: Ownership
    package var label: String
    package var isStale: Bool
    /// Whether it is left alone, since others use it.
    package var isSetAside = false
    /// Whether it is a leftover that versions with an alias use.
    package var isHeld = false
    /// Labels of other objects that could be meant by the same address.
    package var rivals: [String] = []
    let live: any Sendable

    /// Whether these permissions make it ours.
    func isTakenWhere(_ permissions: Permissions) -> Bool {
        switch ownership {
        case .ours, .retained: false
        case .unmarked: permissions.adopt
        case .other: permissions.takeOver
        }
    }
}

/// One address, with everything needed to decide about it.
package struct DriverRequest: Sendable {
    package var declaration: Declaration
    package var member: Member?
    package var outputs: Outputs
    package var last: AppliedFields
    /// The fields of these that an apply was about to write, and may not have written.
    package var pending: Set<String>
    package var permissions: Permissions
    /// Whether an earlier run left an open intent here.
    package var isInterrupted: Bool
    /// Whether it is to be replaced, whether or not it differs.
    package var isReplaced: Bool

    init(
        _ declaration: Declaration, _ survey: Survey, _ record: Record, _ outputs: Outputs, _ permissions: Permissions,
        isReplaced: Bool = false
    ) {
        self.isReplaced = isReplaced
        self.declaration = declaration
        self.outputs = outputs
        self.permissions = permissions
        member = survey.member(for: declaration)
        let entry = record.entry(for: declaration)
        last = entry?.fields ?? [:]
        pending = Set(entry?.pending ?? [])
        isInterrupted = record.intent(for: declaration) != nil
    }
}

/// The executed action for one address.
package struct Step: Sendable {
    package var action: Action
    package var outputs: [String: Output]
    /// What the record keeps.
    package var fields: AppliedFields
    /// The number of changed fields.
    package var changes: [FieldChange]
}
