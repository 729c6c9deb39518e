import ArgumentParser
import Engine
import Kinds
import Language

/// `drover state unlock`.
struct StateUnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Release the lock of a stack whose holder is gone.",
        discussion: """
            A lock that is not renewed is taken over after half a minute, so this is needed only where nobody can \
            wait. A holder that is still there stops at its next renewal; until then two may change the stack.

            EXAMPLES
              drover state unlock 12 specs/quickstart
            """)

    @Argument(help: "The number of the lock, as the message of who waits for it says.")
    var number: Int

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        // The lock lies with the record; where the agents run does not matter.
        let needs = Kinds.standard.needs(of: stack.workflow)
        let (number, yes) = (number, yes)
        try await Session.open(stack, server, needs: needs.mlflow ? Needs(mlflow: true) : nil) { session in
            let newest = try await session.lock.newest()
            guard let newest, newest.number == number, !newest.isReleased else {
                throw Diagnostic.notToUnlock(number, newest: newest)
            }
            let question = "Release the lock of \(newest.described)? What it still does is not stopped at once."
            guard try yes || Console.agrees(question) else { return Console.note("Nothing was released.") }
            try await session.lock.unlock(number, by: LockHolder.user)
            Console.out("Lock \(number) is released.")
        }
    }
}
