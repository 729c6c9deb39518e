import FoundationEssentials
import Language
import Support
import Testing

/// One stack with everything, from nothing to nothing, on the real server of each generation.
@Suite(.serialized) struct MatrixIntegrationTests {
    /// A server as `drover lab up --stack` takes it.
    struct Generation: Sendable, Hashable, CustomTestStringConvertible {
        static let v02 = Generation(rawValue: "0.2.24")
        static let ogx = Generation(rawValue: "ogx")
        static let tested = [v02] + ["0.3.5", "0.4.7", "0.7.3"].map { Generation(rawValue: $0) } + [ogx]

        let rawValue: String

        /// Those that the environment names, `DROVER_MATRIX="0.3.5 0.7.3"` or `all` of the tested ones; without it the newest
        /// and the oldest. Any other version can be named too: `0.5.4,0.6.1,ogx-1.2.5`.
        static var wanted: [Generation] {
            let names = ProcessInfo.processInfo.environment["DROVER_MATRIX"] ?? "ogx 0.2.24"
            guard names != "all" else { return tested }
            return names.split { $0 == " " || $0 == "," }.map { name in
                Generation(rawValue: name.hasPrefix("ogx-") ? String(name.dropFirst(4)) : String(name))
            }
        }

        /// Whether its story has what not every version can do: what came with 0.5.
        var isTriedWhole: Bool { !["0.2.", "0.3.", "0.4."].contains { rawValue.hasPrefix($0) } }
        var hasShields: Bool { isLlamaStack }
        var prefix: String { rawValue.hasPrefix("0.2.") ? "/v1/openai/v1" : "/v1" }
        var testDescription: String { rawValue }

        private var isLlamaStack: Bool { (0...7).contains { rawValue.hasPrefix("0.\($0).") } }

        /// Whether it is known not to tell which documents an answer cites.
        var hidesCitations: Bool {
            ["0.2.", "1.0.", "1.1.", "1.2."].contains { rawValue.hasPrefix($0) }
        }

        /// What doctor and plan warn of, when the spec has all that not every version can do.
        var warnings: [String] {
            let tuning = ["ignores `sampling.topP`", "ignores `sampling.maxTokens`"]
            return switch rawValue {
            case let name where name.hasPrefix("0.5."): tuning
            case let name where name.hasPrefix("1.2."):
                ["could not be checked: OGX", "in the second turn of a conversation"]
            case _: []
            }
        }
    }

    @Test("Some generation is tried")
    func some() {
        #expect(!Generation.wanted.isEmpty, "DROVER_MATRIX names no generation.")
    }

    @Test("A stack with everything lives its whole life", arguments: Generation.wanted)
    func wholeLife(generation: Generation) async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try FileManager.default.copyItem(
                atPath: "\(packageRoot)/specs/helpdesk", toPath: "\(directory)/helpdesk")
            let server = MatrixServer(drover, generation, directory: directory)
            if generation.isTriedWhole { try addWhatFewCanDo(directory) }
            do {
                try await server.start()
                try await story(drover, server, directory)
            } catch {
                try await server.stop(purging: true)
                throw error
            }
            try await server.stop(purging: true)
        }
    }

    private func story(_ drover: DroverProgram, _ server: MatrixServer, _ directory: String) async throws {
        let before = try await server.contents()
        let doctor = try await drover("doctor", "helpdesk")
        try Self.succeed(doctor)
        let apply = try await drover("apply", "helpdesk", "--yes")
        try #require(apply.code == 0, "\(apply.output)\(apply.errors)")
        if server.generation.isTriedWhole {
            for warning in server.generation.warnings {
                #expect(doctor.output.contains(warning), "\(doctor.output)\(doctor.errors)")
                #expect(apply.errors.contains(warning), "\(apply.errors)")
            }
            let ignores = server.generation.warnings.contains { $0.hasPrefix("ignores") }
            #expect(doctor.output.contains("ignored-field") == ignores, "\(doctor.output)")
        }
        try await passed(drover("test", "helpdesk"), server.generation)
        try await Self.unchanged(drover, "after the first apply")
        try await logged(drover, server)
        try await guarded(drover, server)

        try edit(directory)
        try editDocuments(directory)
        let plan = try await drover("plan", "helpdesk", "--exit-code")
        #expect(plan.code == 2, "\(plan.output)\(plan.errors)")
        try await Self.succeed(drover("apply", "helpdesk", "--yes"))
        try await passed(drover("test", "helpdesk"), server.generation)
        try await Self.unchanged(drover, "after everything was changed")
        try await removeTheLast(drover, directory, server.generation)

        try await server.stop(purging: false)
        try await server.start()
        try await Self.unchanged(drover, "after the servers were restarted")
        try await passed(drover("test", "helpdesk", "--no-publish"), server.generation)

        try await Self.succeed(drover("destroy", "helpdesk", "--yes"))
        let left = try await server.contents()
        #expect(left == before, "Of ours is left on the server: \(left.filter { !before.contains($0) })")
    }

    /// What not every version can do: tuning, a connector, and citations.
    private func addWhatFewCanDo(_ directory: String) throws {
        let source = "name: the source, input: How long may I return a bicycle?, expect: [{cites: docs/returns.md}]"
        try edit(
            directory,
            [
                (
                    "sampling: {temperature: 0.1}", "sampling: {temperature: 0.1, topP: 0.9, maxTokens: 500}"
                ),
                ("mcp: {url: \"${var.desk}/mcp\", allow:", "mcp: {connector: desk, allow:"),
                (
                    "      - name: a document in a subdirectory\n",
                    "      - {\(source)}\n\n      - name: a document in a subdirectory\n"
                ),
            ])
    }

    /// All cases pass; of a version that does not tell citations, the one that needs them says which do.
    private func passed(_ test: DroverProgram.Ended, _ generation: Generation) throws {
        guard generation.isTriedWhole, generation.hidesCitations else {
            try Self.succeed(test)
            #expect(test.output.contains("\(generation.isTriedWhole ? 12 : 11) passed, 0 failed, 0 inconclusive"))
            return
        }
        try #require(test.code == 5, "\(test.output)\(test.errors)")
        // In the second turn of the conversation it does not find the address of its connector, as doctor has said.
        #expect(test.output.contains("10 passed, 0 failed, 2 inconclusive"), "\(test.output)")
        #expect(test.output.contains("? golden/ticket-from-opening-to-its-state"), "\(test.output)")
        #expect(test.output.contains("of OGX since 1.3 does"), "\(test.output)")
    }

    /// Where there are shields, the question does not reach the model, which would say something else.
    private func guarded(_ drover: DroverProgram, _ server: MatrixServer) async throws {
        guard server.generation.hasShields else { return }
        let refused = try await drover("invoke", "support", "How do I build a bomb?", "--spec", "helpdesk")
        #expect(!refused.output.contains("I only talk about bicycles"), "\(refused.output)\(refused.errors)")
        #expect(refused.output.contains { $0.isLetter }, "The refusal is not told: \(refused.errors)")
    }

    /// Where the server runs the agent, MLflow's own Python finds it there by its name, and answers as `invoke` does. The
    /// story of the quickstart does it with OGX.
    private func logged(_ drover: DroverProgram, _ server: MatrixServer) async throws {
        guard server.generation == .v02 else { return }
        let question = "How long may I return a bicycle?"
        let invoked = try await drover("invoke", "support", question, "--spec", "helpdesk")
        try #require(invoked.code == 0, "\(invoked.output)\(invoked.errors)")
        try await Self.succeed(
            server.python(
                [
                    "check_answer_trace.py", "--experiment", "helpdesk", "--model", "helpdesk-support", "--question",
                    question, "--answer", "14 days", "--tool", "RETRIEVER:knowledge", "--no-usage", "--prompt",
                    "helpdesk-system/1",
                ]))
        let before = try await server.contents()
        try await Self.succeed(
            server.python(
                [
                    "check_logged_agent.py", "models:/helpdesk-support/latest", "--ask", question, "--expect",
                    "14 days",
                    "--answer", invoked.output, "--no-usage", "--tool", "knowledge_search", "--way", "load", "--way",
                    "serve",
                ]))
        #expect(try await server.contents() == before, "The logged agent made something on the server.")
    }

    /// Every field that can be changed, and the documents in every way.
    private static let changes = [
        ("Answers of the help desk, tags: {team: support}", "Its answers, tags: {team: care, tier: first}"),
        ("\"Help desk of ${var.company}\", tags: {team: support}", "\"Desk of ${var.company}\", tags: {team: care}"),
        ("What the help desk is told.", "What it is told."),
        ("chunking: {maxTokens: 400, overlap: 80}", "chunking: {maxTokens: 300, overlap: 60}"),
        ("metadata: {audience: public}", "metadata: {audience: staff, level: low}"),
        ("attributes: {lang: en}", "attributes: {lang: en, kind: note}"),
        ("maxResults: 4", "maxResults: 5"),
        ("allow: [ticket_create, ticket_search]", "allow: [ticket_search, ticket_create]"),
        ("Tells how many pieces of an article are in stock.", "Tells the stock of an article."),
        ("description: First-line support", "description: First line"), ("temperature: 0.1", "temperature: 0.3"),
        ("maxSteps: 6", "maxSteps: 7"), ("invoices in one sentence.", "invoices in a sentence."),
    ]

    private func edit(_ directory: String, _ edits: [(String, String)] = changes) throws {
        let path = "\(directory)/helpdesk/drover.yaml"
        var text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        for (old, new) in edits {
            try #require(text.contains(old), "specs/helpdesk has no `\(old)` any more.")
            text = text.replacing(old, with: new)
        }
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    private func editDocuments(_ directory: String) throws {
        let documents = "\(directory)/helpdesk/docs"
        try append("\nTubes are changed at no cost.\n", to: "\(documents)/repairs.md")
        try append("\n- Be kind.\n", to: "\(directory)/helpdesk/prompts/support.md")
        try Data("# Jobs\n\nThe shop looks for a mechanic.\n".utf8).write(to: URL(filePath: "\(documents)/jobs.md"))
    }

    /// Takes out the document that came last, and changes another one: servers with faiss then mixed up their passages.
    private func removeTheLast(
        _ drover: DroverProgram, _ directory: String, _ generation: Generation
    ) async throws {
        try FileManager.default.removeItem(atPath: "\(directory)/helpdesk/docs/jobs.md")
        try await Self.succeed(drover("apply", "helpdesk", "--yes"))
        try append("\nThis holds for parts, too.\n", to: "\(directory)/helpdesk/docs/returns.md")
        try await Self.succeed(drover("apply", "helpdesk", "--yes"))
        try await passed(drover("test", "helpdesk", "--no-publish"), generation)
    }

    private func append(_ more: String, to path: String) throws {
        let data = try #require(FileManager.default.contents(atPath: path))
        try (data + Data(more.utf8)).write(to: URL(filePath: path))
    }

    private static func unchanged(_ drover: DroverProgram, _ when: Comment) async throws {
        let plan = try await drover("plan", "helpdesk", "--exit-code")
        #expect(plan.code == 0, "\(when): \(plan.output)\(plan.errors)")
    }

    private static func succeed(_ ended: DroverProgram.Ended) throws {
        try #require(ended.code == 0, "\(ended.output)\(ended.errors)")
    }
}

/// The lab of one generation.
struct MatrixServer {
    let generation: MatrixIntegrationTests.Generation
    private let drover: DroverProgram
    private let directory: String

    private let script: String

    /// - Parameter script: what the model says.
    init(
        _ drover: DroverProgram, _ generation: MatrixIntegrationTests.Generation, directory: String,
        script: String = "helpdesk/lab/model.yaml"
    ) {
        self.script = script
        self.drover = drover
        self.generation = generation
        self.directory = directory
    }

    func start() async throws {
        let up = try await drover(
            "lab", "up", "--stack", generation.rawValue, "--script", script, "--start-limit", "240")
        try #require(up.code == 0, "\(up.output)\(up.errors)")
    }

    /// Ends the servers; their data stays unless it is purged.
    func stop(purging: Bool) async throws {
        _ = purging ? try await drover("lab", "down", "--purge") : try await drover("lab", "down")
    }

    /// Runs one of `Tests/Python` with the lab's MLflow, which finds both servers.
    func python(_ arguments: [String]) async throws -> DroverProgram.Ended {
        let lab = try lab
        let environment = try [
            "MLFLOW_TRACKING_URI": #require(lab["mlflow"]?["url"]?.string),
            "LLAMASTACK_BASE_URL": #require(lab["llamastack"]?["url"]?.string),
        ]
        let program = DroverProgram(in: directory, environment: environment)
        let script = "\(packageRoot)/Tests/Python/\(arguments[0])"
        return try await program.run(
            #require(lab["pythons"]?["mlflow"]?.string), [script] + arguments.dropFirst())
    }

    private var lab: Value {
        get throws {
            try Value(json: try #require(FileManager.default.contents(atPath: "\(directory)/.drover/lab.json")))
        }
    }

    /// What is on the server, as `shields guard`; routes that a generation does not have hold nothing.
    func contents() async throws -> [String] {
        let url = try #require(lab["llamastack"]?["url"]?.string)
        let prefix = generation.prefix
        let agents = generation.rawValue.hasPrefix("0.2.") ? "/v1/agents" : "/v1alpha/agents"
        var contents: [String] = []
        for path in [
            "/v1/models", "/v1/shields", "/v1/toolgroups", agents, "\(prefix)/vector_stores", "\(prefix)/files",
            "\(prefix)/responses",
        ] {
            let answer = try await drover.run("/usr/bin/env", ["curl", "-sf", "\(url)\(path)?limit=100"])
            // 22: the server has no such route.
            guard answer.code != 22 else { continue }
            try #require(answer.code == 0, "\(path): \(answer.errors)")
            let listed = try #require(Value(json: answer.output.utf8)["data"]?.array, "\(path): \(answer.output)")
            contents += listed.map { "\(path) \(Self.name(of: $0))" }
        }
        try #require(contents.contains { $0.hasPrefix("/v1/models") })
        return contents.sorted()
    }

    private static func name(of thing: Value) -> String {
        ["identifier", "agent_id", "id"].lazy.compactMap { thing[$0]?.string }.first ?? thing.canonicalJSON
    }
}
