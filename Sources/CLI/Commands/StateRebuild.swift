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
            Nothing but the record is changed. Which fields were applied last is lost: a field that has left the spec since stays
            on its object. What cannot carry a mark (models, shields, tool groups) is known as long as the old record of the
            same servers names it; else it is adopted by an apply, or imported.

            EXAMPLES
              drover state rebuild specs/quickstart
              drover state rebuild specs/quickstart --yes       without a question, for scripts
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var locking: LockOptions

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let (isAgreed, locking) = (yes, locking)
        // The record is not asked which servers it needs: it may be unreadable.
        let needs = Kinds.standard.needs(of: stack.workflow)
        try await Session.open(stack, server, needs: needs) { session in
            let (record, unmarked) = try await session.rebuiltRecord()
            Console.out(StateText.render(record, of: session.workflow.stack, at: session.store.place))
            if !unmarked.isEmpty {
                Console.note(
                    "Not known to be ours, since it cannot carry a mark: \(unmarked.listed). Adopt or import it.")
            }
            Console.note(
                "This takes the place of the record. Which fields were applied last is lost: a field that left the spec "
                    + "stays on its object.")
            guard try isAgreed || Console.agrees("Replace the record?") else {
                return Console.note("Nothing was changed.")
            }
            try await session.locked(locking, stack, for: "state rebuild") { session in
                try await session.store.replace(with: try await session.rebuiltRecord().record)
            }
            Console.note("The record was made again; it holds \(record.entries.count) things.")
        }
    }
}

extension Console {
    /// Asks for agreement.
    /// - Throws: `Diagnostic` (`usage`) where there is nobody to ask.
    static func agrees(_ question: String) throws -> Bool {
        guard isInteractive else { throw Diagnostic.nobodyToAsk }
        return confirms(question)
    }
}

extension Session {
    /// The record as the marks on the servers tell it, and what of the spec is there without being known to be ours.
    fileprivate func rebuiltRecord() async throws -> (record: Record, unmarked: [String]) {
        let identities = try await identities.value()
        await store.bind(to: identities, isStrict: true)
        let old = try await oldRecord()
        let survey = try await Survey.take(of: workflow, with: drivers, knowing: old)
        let record = Record(rebuiltFrom: survey, workflow, over: old, servers: identities)
        let unmarked = survey.members.values.filter { $0.ownership == .unmarked }.map(\.address)
        return (record, unmarked.sorted().map(\.description))
    }

    /// What can still be used of the old record: nothing when it is unreadable, or about other servers.
    private func oldRecord() async throws -> Record {
        do {
            return try await store.load()
        } catch let diagnostic as Diagnostic where diagnostic.code == "record-unreadable" {
            return Record()
        } catch let several as Diagnostics where several.all.allSatisfy({ $0.code == "record-of-another-server" }) {
            return Record()
        }
    }
}
