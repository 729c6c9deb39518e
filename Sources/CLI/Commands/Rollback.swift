import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language

/// `drover rollback`.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make the servers what an earlier apply made them, or move an alias back.",
        discussion: """
            An ordinary plan and apply of the spec that the apply rendered, with its files as they were. Text files up \
            to 1 MiB are kept; documents only with `record: {keepDocuments: true}`. A file that was not kept is taken \
            from the spec's directory if it still has the same content; what is missing is listed before anything is \
            planned.

            With `--release`, only the alias of a release moves back to the version before, and what it stood at is \
            not promoted again until the agent changes or somebody approves it. What nothing uses since then is named \
            before anything is done, and removed, as after an apply; with `--yes`, and no `--format json`, the alias moves \
            first.

            EXAMPLES
              drover history specs/quickstart
              drover rollback specs/quickstart --to 3
              drover rollback specs/release --release production --yes --reason "answers in the wrong language"
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var change: ChangeOptions

    @Option(help: "The number of the apply, as `drover history` lists it.")
    var to: Int?

    @Option(help: "The declared name of a release, whose alias moves back.")
    var release: String?

    @Option(help: "Why, for `--release`; it is kept.")
    var reason: String?

    func validate() throws {
        guard (to == nil) != (release == nil) else {
            throw ValidationError("Say either --to NUMBER, for a whole apply, or --release NAME, for an alias.")
        }
        if release == nil, reason != nil { throw ValidationError("--reason goes with --release.") }
    }

    func run() async throws {
        change.announce()
        if let release { return try await moveBack(release) }
        guard let to else { return }
        try await bringBack(to)
    }

    private func moveBack(_ release: String) async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false).announced()
        let moving = MovingBack(
            release: release, reason: reason, stack: stack, server: server, locking: change.locking,
            parallelism: change.parallelism, yes: change.yes)
        try await moving.act()
    }

    private func bringBack(_ to: Int) async throws {
        let now = try Stack.load(spec.paths, spec.variation, lab: server.lab, readsFiles: false)
        let (number, change, server) = (to, change, server)
        let earlier = try await Session.withRecord(now, server) { store in
            _ = try await store.entry(number)
            return try await EarlierSpec.find(number, in: store, beside: now.folder.rootDirectory)
        }
        try await withTemporaryPath { path in
            let (file, isOutside) = try earlier.write(to: path)
            try await Self.hiding(Paths.parent(of: file)) {
                var stack = try Self.stack(of: file, isOutside: isOutside, lab: server.lab, now, beside: path)
                stack.sources = stack.sources.naming { $0.replacing("\(Paths.parent(of: file))/", with: "") }
                let earlier = stack.announced()
                try await Session.open(earlier, server, concurrency: change.parallelism) { session in
                    _ = try await Deployment.bring(session, earlier, change, command: "rollback --to \(number)")
                }
            }
        }
    }

    /// Runs a body whose errors do not name a folder, which is gone afterwards.
    private static func hiding(_ folder: String, _ body: () async throws -> Void) async throws {
        func shown(_ text: String) -> String { text.replacing("\(folder)/", with: "") }
        func shown(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
            diagnostics.map { diagnostic in
                var told = diagnostic
                (told.detail, told.fix) = (shown(diagnostic.detail), diagnostic.fix.map(shown))
                return told
            }
        }
        do {
            try await body()
        } catch let failure as CommandFailure {
            throw CommandFailure(diagnostics: shown(failure.diagnostics), sources: failure.sources.naming(shown))
        } catch let several as Diagnostics {
            throw Diagnostics(shown(several.all))
        } catch let diagnostic as Diagnostic {
            throw shown([diagnostic])[0]
        }
    }

    /// The earlier spec. What has another name by now, and says so, is renamed back.
    private static func stack(
        of file: String, isOutside: Bool, lab: String?, _ now: Stack, beside folder: String
    ) throws -> Stack {
        let options = isOutside ? ["--allow-outside"] : []
        let stack = try Stack.load([file], VariationOptions.parse(options), lab: lab, isGiven: false)
        let moves = stack.workflow.movesBack(from: now.workflow)
        guard !moves.isEmpty else { return stack }
        let overlay = "\(folder)/names.yaml"
        try Data(Value.object(moves).prettyJSON.utf8).write(to: URL(filePath: overlay))
        let renaming = try VariationOptions.parse(options + ["--overlay", overlay])
        return try Stack.load([file], renaming, lab: lab, isGiven: false)
    }
}

extension Workflow {
    /// What has another name in a later spec, as an overlay that says what it is called there: `{"prompts": {"greeting":
    /// {"moved": "welcome"}}}`.
    fileprivate func movesBack(from later: Workflow) -> [String: Value] {
        var kinds: [String: [String: Value]] = [:]
        for declaration in later.declarations {
            let (old, new) = (declaration.oldAddress, declaration.address)
            guard let old, self[old]?.range != nil, self[new] == nil else { continue }
            // What it says itself is about a name that nothing has had since then.
            if let older = self[old]?.oldAddress, self[older] != nil || later[older] != nil { continue }
            kinds[old.kind, default: [:]][old.name] = ["moved": .string(new.name)]
        }
        return kinds.mapValues { .object($0) }
    }
}
