import Engine
import FoundationEssentials
import Kinds
import Language

/// An object that is about to become a part of the stack.
struct Importing: Sendable {
    let member: Member
    private let declaration: Declaration
    private let driver: any Driver
    private let record: Record

    /// Finds the object and its owner; nothing is changed.
    /// - Returns: nil when it is that part of the stack already.
    /// - Throws: `Diagnostic` when it is not there, of another kind, or somebody else's, or when the declaration has another.
    static func prepare(
        _ id: String, as declaration: Declaration, takesOver: Bool, in session: Session
    ) async throws -> Importing? {
        let address = declaration.address
        guard let driver = session.drivers.first(where: { $0.kind == address.kind }), let key = driver.importKey else {
            throw Diagnostic.notImportable(address, at: declaration.range)
        }
        let (survey, record) = try await Survey.take(
            of: session.workflow, with: session.drivers, loading: session.store)
        guard let found = try await driver.find(id, of: session.workflow.stack) else {
            throw try await missing(id, for: address, key, in: session)
        }
        if let owned = survey.members.values.first(where: { $0.label == found.label && $0.ownership == .ours }) {
            if owned.address == address { return nil }
            throw Diagnostic.oursAlready(found.label, owned.address, address)
        }
        if let present = survey.member(for: declaration), present.ownership == .ours {
            throw Diagnostic.hasAnother(address, present.label, found.label)
        }
        if found.ownership == .ours, found.address != address {
            throw Diagnostic.oursAlready(found.label, found.address, address)
        }
        if case .other(let stack) = found.ownership, !takesOver {
            throw Diagnostic.anothersObject(address, found.label, stack)
        }
        return Importing(member: found, declaration: declaration, driver: driver, record: record)
    }

    /// Says whether an object of another kind is meant.
    private static func missing(
        _ id: String, for address: Address, _ key: String, in session: Session
    ) async throws -> Diagnostic {
        for driver in session.drivers where driver.kind != address.kind {
            // A server that cannot be asked for other kinds does not change that there is none of this one.
            guard let other = try? await driver.find(id, of: session.workflow.stack) else { continue }
            return .ofAnotherKind(id, other.label, driver.kind, address)
        }
        return .nothingToImport(id, address, key)
    }

    /// Marks the object, and notes it in the record and its history.
    func act(in session: Session) async throws {
        let address = declaration.address
        let started = Deployment.milliseconds()
        let context = ApplyContext(stack: session.workflow.stack, record: session.store, progress: { _ in })
        var entries = record.entries
        let common = declaration.spec.common
        var imported = Record.Entry(fields: [:], onDelete: common.onDelete, protect: common.protect)
        let wasAdopted = member.ownership == .retained && record.entry(address)?.adoption != nil
        if member.ownership == .unmarked || wasAdopted { imported.isAdopted = true }
        entries[address.description] = imported
        // Before it is marked: cut off in between, it would count as made by drover, and be deleted with its declaration.
        try await session.store.save(entries)
        imported.fields = try await driver.mark(member, as: address, in: context)
        if !imported.fields.isEmpty {
            entries[address.description] = imported
            try await session.store.save(entries)
        }
        try await session.note("import", "1 imported", lines: ["import \(address): done"], since: started)
    }
}

extension Diagnostic {
    fileprivate static func notImportable(_ address: Address, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "not-importable", "A kind that is not imported",
            detail: "`\(address)` cannot be imported: what stands for it on the servers is made by drover alone.",
            fix: "Apply it; import what it is kept in, such as its registered model or its experiment.", at: range,
            address: address.description, cause: .usage)
    }

    fileprivate static func nothingToImport(_ id: String, _ address: Address, _ key: String) -> Diagnostic {
        Diagnostic(
            "nothing-to-import", "No such object",
            detail: "The server has nothing of the kind of `\(address)` that is named `\(id)`.",
            fix: "Give \(key).", address: address.description, cause: .usage)
    }

    fileprivate static func ofAnotherKind(
        _ id: String, _ label: String, _ kind: String, _ address: Address
    ) -> Diagnostic {
        Diagnostic(
            "another-kind", "An object of another kind",
            detail: "`\(id)` is \(label), which cannot be `\(address)`.",
            fix: "Import it for a declaration under `\(kind)`.", address: address.description, cause: .usage)
    }

    fileprivate static func oursAlready(_ label: String, _ owner: Address, _ address: Address) -> Diagnostic {
        Diagnostic(
            "ours-already", "The object is another declaration's",
            detail: "\(label) is `\(owner)` of this stack, and cannot be `\(address)` too.",
            fix: "Say `moved: \(owner.name)` in `\(address)` if the declaration has another name now.",
            address: address.description, cause: .conflict)
    }

    fileprivate static func hasAnother(_ address: Address, _ present: String, _ label: String) -> Diagnostic {
        Diagnostic(
            "has-another", "The declaration has another object",
            detail: "`\(address)` is \(present) already, and cannot be \(label) too.",
            fix: "Declare another one for it, or let go of the first with `onDelete: retain`.",
            address: address.description, cause: .conflict)
    }

    fileprivate static func anothersObject(_ address: Address, _ label: String, _ stack: String) -> Diagnostic {
        Diagnostic(
            "other-owner", "The object belongs to another stack",
            detail: "`\(address)` would be \(label), which belongs to the stack `\(stack)`.",
            fix: "Import another object, or take it over if `\(stack)` is gone.", address: address.description,
            cause: .conflict)
    }
}
