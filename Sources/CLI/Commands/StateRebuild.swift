import ArgumentParser
import Engine
import Kinds
import Language
import Reports
import Wire

/// `drover state rebuild`.
struct StateRebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make the record again from the marks on the servers.",
        discussion: """
            Nothing but the record is changed. Which fields were applied last is lost: a field that has left the spec \
            since stays on its object. What cannot carry a mark (models, shields, tool groups) is known as long as the \
            old record of the same servers names it; else it is adopted by an apply, or imported.

            EXAMPLES
              drover state rebuild specs/quickstart
              drover state rebuild specs/quickstart --yes       without a question, for scripts
              drover state rebuild --same-servers               keep all of it: a server only has a new address
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Keep all that the record holds: its servers are the same, and only have new addresses.")
    var sameServers = false

    @OptionGroup var locking: LockOptions

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let (isAgreed, isKept, locking) = (yes, sameServers, locking)
        // One that can be read says which servers it needs besides those of the spec.
        let isReadable = isKept ? true : try await Self.isReadable(stack, server)
        let needs = isReadable ? nil : Kinds.standard.needs(of: stack.workflow)
        try await Session.open(stack, server, needs: needs) { session in
            let (record, unmarked) = try await session.madeRecord(keeping: isKept)
            Console.out(StateText.render(record, of: session.workflow.stack, at: session.store.place))
            if !unmarked.isEmpty {
                Console.note(
                    "Not known to be ours, since it carries no mark: \(unmarked.listed). Adopt or import it.")
            }
            Console.note(
                isKept
                    ? "This is the record as it was, about the servers where they are now."
                    : "This takes the place of the record. Which fields were applied last is lost: a field that left "
                        + "the spec stays on its object. Where the old record cannot be read, what was adopted or "
                        + "imported counts as made by drover: `onDelete: retain` keeps it.")
            guard try isAgreed || Console.agrees("Replace the record?") else {
                return Console.note("Nothing was changed.")
            }
            try await session.locked(locking, stack, for: "state rebuild") { session in
                try await session.store.replace(with: try await session.madeRecord(keeping: isKept).record)
            }
            Console.note("The record was made again; it holds \(record.entries.count) things.")
        }
    }

    private static func isReadable(_ stack: Stack, _ server: ServerOptions) async throws -> Bool {
        do {
            _ = try await Session.withRecord(stack, server) { store in try await store.load() }
            return true
        } catch let failure as CommandFailure where failure.diagnostics.allSatisfy({ $0.code == "record-unreadable" }) {
            return false
        }
    }
}

extension Session {
    /// The record as it is, about the servers at hand, or as `rebuiltRecord` makes it.
    fileprivate func madeRecord(keeping isKept: Bool) async throws -> (record: Record, unmarked: [String]) {
        guard isKept else { return try await rebuiltRecord() }
        let identities = try await identities.value()
        await store.bind(to: identities, isStrict: false)
        var record = try await store.load()
        for (role, recorded) in record.servers {
            guard let atHand = identities[role], !atHand.isSame(as: recorded), !recorded.mayHaveMoved(to: atHand)
            else { continue }
            throw Diagnostic.notTheSame(recorded, atHand)
        }
        record.servers.merge(identities) { recorded, atHand in atHand.succeeding(recorded) }
        return (record, [])
    }

    /// The record as the marks on the servers tell it, and what of the spec is there without being known to be ours.
    private func rebuiltRecord() async throws -> (record: Record, unmarked: [String]) {
        let identities = try await identities.value()
        await store.bind(to: identities, isStrict: true)
        let old = try await oldRecord()
        let survey = try await Survey.take(of: workflow, with: drivers, knowing: old)
        let record = Record(rebuiltFrom: survey, workflow, over: old, servers: identities)
        let unmarked = survey.members.values.filter { $0.ownership == .unmarked }.map(\.address)
        return (record, unmarked.sorted().map(\.description))
    }

    /// What can still be used of the old record: nothing when it is unreadable, and of one about other servers only what
    /// somebody else made, for that is not to be deleted.
    private func oldRecord() async throws -> Record {
        do {
            return try await store.load()
        } catch let diagnostic as Diagnostic where diagnostic.code == "record-unreadable" {
            return Record()
        } catch let several as Diagnostics where several.all.allSatisfy({ $0.code == "record-of-another-server" }) {
            await store.bind(to: try await identities.value(), isStrict: false)
            return Record(entries: try await store.load().entries.compactMapValues(\.adoption))
        }
    }
}

extension Diagnostic {
    fileprivate static func notTheSame(_ recorded: ServerIdentity, _ atHand: ServerIdentity) -> Diagnostic {
        Diagnostic(
            "not-the-same-server", "The server is another one",
            detail: "The record is about \(recorded.shown), and what \(atHand.shown) tells of itself is not the same.",
            fix: "Leave `--same-servers` out: the record is then made again from the marks on this server.",
            cause: .conflict)
    }
}
