import ArgumentParser
import Engine
import Language
import Reports

/// `drover history`.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show who applied what, and when.",
        discussion: """
            Each apply has a number, which stays. What it left (spec, plan, results, files) is in the stack's record; \
            secrets are only named there. One that was killed is listed as cut off once the next one has begun; until \
            then it is told who has the lock.

            EXAMPLES
              drover history specs/quickstart
              drover history show 3 specs/quickstart
              drover history specs/quickstart --format json
            """,
        subcommands: [HistoryListCommand.self, HistoryShowCommand.self],
        defaultSubcommand: HistoryListCommand.self)
}

/// `drover history list`, which `drover history` means.
struct HistoryListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show all applies, the newest one first.",
        discussion: """
            EXAMPLES
              drover history specs/quickstart
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let name = stack.workflow.stack
        let (history, held) = try await Session.withRecord(stack, server) { store in
            // Who may read the history may not be allowed to see locks.
            (try await store.history(), try? await store.lock(of: name).newest())
        }
        switch format {
        case .text: Console.out(HistoryText.render(history))
        case .json: Console.out(HistoryJSON.value(history, of: name).prettyJSON)
        }
        if let held, !held.isReleased || held.isCutOff, !history.contains(where: { $0.lock == held.holder.id }) {
            Console.note("Not listed yet, still at work or cut off: \(held.described).")
        }
    }
}

/// `drover history show`.
struct HistoryShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one apply, and what it left.",
        discussion: """
            EXAMPLES
              drover history show 3 specs/quickstart
              drover history show 3 specs/quickstart --format json
            """)

    @Argument(help: "The number of the apply.")
    var number: Int

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let number = number
        let (entry, remains) = try await Session.withRecord(stack, server) { store in
            (try await store.entry(number), try await store.remains(ofRun: number))
        }
        switch format {
        case .text: Console.out(HistoryText.render(entry, remains))
        case .json: Console.out(try HistoryJSON.value(entry, remains, of: stack.workflow.stack).prettyJSON)
        }
    }
}

extension RecordStore {
    /// One apply of the history.
    /// - Throws: `Diagnostic` when there is none of that number.
    func entry(_ number: Int) async throws -> HistoryEntry {
        let history = try await history()
        guard let entry = history.first(where: { $0.number == number }) else {
            throw Diagnostic.noSuchApply(number, among: history.compactMap(\.number), at: place)
        }
        return entry
    }
}

extension Diagnostic {
    fileprivate static func noSuchApply(_ number: Int, among numbers: [Int], at place: String) -> Diagnostic {
        let known =
            if let first = numbers.first, let last = numbers.last {
                "Use a number from \(first) to \(last); `drover history` lists them."
            } else {
                "Nothing was applied yet."
            }
        return Diagnostic(
            "no-such-apply", "No such apply", detail: "`\(place)` has no apply with the number \(number).", fix: known,
            cause: .usage)
    }
}
