import ArgumentParser
import Engine
import Language

/// `drover import`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make an object that exists a part of the stack.",
        discussion: """
            The object gets drover's mark, and nothing else about it is changed: the next plan shows how it differs \
            from its declaration. What cannot carry a mark is noted in the record.

            EXAMPLES
              drover import vectorStores.handbook vs_123 --spec specs/quickstart
              drover import experiments.answers 7
            """)

    @Argument(help: "The declaration: KIND.NAME.")
    var address: String

    @Argument(help: "The server's id of the object, or its name where only one has it; of an agent, models:/NAME/3.")
    var id: String

    @Option(name: .customLong("spec"), help: "A file or directory of the spec; repeatable (default: this directory).")
    var paths: [String] = []

    @OptionGroup var variation: VariationOptions
    @OptionGroup var server: ServerOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Take the object over from another stack.")
    var takeOver = false

    @OptionGroup var locking: LockOptions

    func run() async throws {
        let stack = try Stack.load(paths, variation, lab: server.lab, readsFiles: false)
        let declaration = try stack.telling { try stack.declaration(address) }
        let (id, isAgreed, takesOver, locking) = (id, yes, takeOver, locking)
        try await Session.open(stack, server) { session in
            let importing = try await Importing.prepare(id, as: declaration, takesOver: takesOver, in: session)
            guard let importing else { return Console.out("\(declaration.address) is \(id) already.") }
            Console.out("> \(declaration.address)  \(Printable.text(importing.member.label))")
            guard try isAgreed || Console.agrees("Make this a part of the stack?") else {
                return Console.note("Nothing was changed.")
            }
            try await session.locked(locking, stack, for: "import") { session in
                // It may have become somebody's while the lock was waited for.
                try await Importing.prepare(id, as: declaration, takesOver: takesOver, in: session)?.act(in: session)
            }
            Console.out(
                CopiedCommand.completed("Imported. `drover plan` shows how it differs from its declaration."))
        }
    }
}

extension Stack {
    /// The declaration that somebody names.
    fileprivate func declaration(_ text: String) throws -> Declaration {
        let known = workflow.graph.addresses
        if let address = Address(text: text), workflow[address] != nil,
            !known.contains(address) || workflow.isCheck(address)
        {
            throw Diagnostic.keptNowhere(address)
        }
        guard let address = Address(text: text), known.contains(address), let declaration = workflow[address] else {
            throw Diagnostic.notDeclared(text, among: known.map(\.description).sorted())
        }
        return declaration
    }
}

extension Diagnostic {
    fileprivate static func keptNowhere(_ address: Address) -> Diagnostic {
        Diagnostic(
            "not-importable", "A kind that is not imported",
            detail: "`\(address)` is declared, and nothing of it is kept on a server.",
            fix: "Import something that a server keeps.", address: address.description, cause: .usage)
    }

    fileprivate static func notDeclared(_ text: String, among known: [String]) -> Diagnostic {
        Diagnostic(
            "not-declared", "Not declared", detail: "The spec declares no `\(text)`.",
            fix: Suggestion.nearest(to: text, among: known).map { "Did you mean `\($0)`?" }
                ?? "Declare it first, and name it as `KIND.NAME`.",
            cause: .usage)
    }
}
