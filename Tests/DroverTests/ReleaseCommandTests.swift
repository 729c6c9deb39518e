import Fakes
import FoundationEssentials
import Language
import Runtime
import Support
import Synchronization
import Testing
import Wire

/// Releases as a user brings them, with a fake Llama Stack and a fake MLflow.
@Suite("Releases on the command line")
struct ReleaseCommandTests {
    /// - Parameters:
    ///   - expect: What both cases of the gate expect; the fake says what it is told and asked.
    ///   - release: More of the release.
    static func spec(
        tone: String = "Be kind.", expect: String = "[{contains: ANSWER}]", repeats: String = "1", release: String = "",
        chunks: Int = 400, team: String = "desk"
    ) -> String {
        """
        drover: v1
        stack: shop
        servers: {mlflow: {token: {file: token.txt}}, llamastack: {apiKey: {file: key.txt}}}
        experiments: {answers: {tags: {team: \(team)}}}
        vectorStores:
          handbook:
            embeddingModel: scripted/embed
            chunking: {maxTokens: \(chunks), overlap: 50}
            documents: ["docs/*.md"]
        tools: {knowledge: {fileSearch: {vectorStores: [handbook]}}}
        agents:
          desk: {model: scripted/llm, instructions: \(tone), tools: [knowledge], log: {experiment: answers}}
        suites:
          manners:
            agent: desk
            experiment: answers
            cases:
              - {name: hello, input: Hello, expect: \(expect), repeat: \(repeats)}
              - {name: thanks, input: Thanks, expect: \(expect), repeat: \(repeats)}
        releases: {production: {agent: desk, alias: production, gates: [manners]\(release)}}

        """
    }

    /// A Llama Stack during whose first answer something else happens, and which refuses some.
    private final class Meddling: HTTPTransport {
        let ogx = FakeOGX()
        private let refused: Set<Int>
        private let act: @Sendable () async throws -> Void
        private let asked = Mutex(0)

        /// - Parameter refused: The numbers of the questions that are refused, from 1.
        init(refusing refused: Set<Int>, _ act: @escaping @Sendable () async throws -> Void) {
            self.refused = refused
            self.act = act
        }

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            guard request.url.hasSuffix("/v1/responses") else { return try await ogx.send(request) }
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            if number == 1 { try await act() }
            if refused.contains(number) { return HTTPResponse(status: 400) }
            return try await ogx.send(request)
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            try await ogx.stream(request, read)
        }
    }

    struct Shop: Sendable {
        let drover: DroverProgram
        let directory: String
        let mlflow: FakeMLflow

        func write(_ spec: String) throws {
            try write("drover.yaml", spec)
        }

        func write(_ path: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(path)"))
        }

        func apply(_ spec: String, _ more: String..., code: Int32, saying words: String...) async throws {
            try write(spec)
            let ended = try await drover.run(DroverProgram.path, ["apply", "--yes"] + more)
            let said = ended.output + ended.errors
            #expect(ended.code == code, "\(said)")
            for word in words { #expect(said.contains(word), "\(word): \(said)") }
        }

        var alias: String? {
            get async throws {
                try await mlflow.server().registeredModels().first { $0.name == "shop-desk" }?.aliases["production"]
            }
        }
    }

    func withShop(
        environment: [String: String] = [:], refusing refused: Set<Int> = [],
        during act: @escaping @Sendable (FakeMLflow) async throws -> Void = { _ in },
        before meddle: @escaping @Sendable (HTTPRequest) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (Shop) async throws -> Void
    ) async throws {
        let mlflow = FakeMLflow()
        try await LoopbackServer.withServer(serving: Meddling(refusing: refused) { try await act(mlflow) }) { stack in
            let meddled = Interposed(mlflow) { request, send in
                try await meddle(request)
                return try await send()
            }
            try await LoopbackServer.withServer(serving: meddled) { tracking in
                try await withTemporaryDirectory { directory in
                    try FileManager.default.createDirectory(
                        atPath: "\(directory)/docs", withIntermediateDirectories: true)
                    var variables = ["DROVER_MLFLOW_URL": tracking, "DROVER_LLAMASTACK_URL": stack]
                    variables.merge(environment.mapValues { $0.replacing("DIRECTORY", with: directory) }) { $1 }
                    let shop = Shop(
                        drover: DroverProgram(in: directory, environment: variables), directory: directory,
                        mlflow: mlflow)
                    try shop.write("docs/a.md", "Llamas eat hay.")
                    try shop.write("token.txt", "token-of-the-spec\n")
                    try shop.write("key.txt", "key-of-the-spec\n")
                    try await body(shop)
                }
            }
        }
    }

    @Test("A plan says what takes effect before the gate, what is built first, and what the endangered cases cost")
    func plan() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            try shop.write("docs/a.md", "Llamas eat grass.")
            try shop.write(Self.spec(tone: "Be brief.", team: "front"))
            let inPlace = try await shop.drover("plan").output
            #expect(inPlace.contains("~ vectorStores.handbook"), "\(inPlace)")
            let lines = inPlace.split(separator: "\n")
            for address in ["vectorStores.handbook", "experiments.answers"] {
                let line = lines.first { $0.contains(address) } ?? ""
                #expect(line.hasSuffix("takes effect before the gate"), "\(inPlace)")
            }
            #expect(inPlace.contains("Endangers the suite manners (2 cases, about "), "\(inPlace)")
            #expect(inPlace.contains("  manners: hello ("), "\(inPlace)")
            try shop.write("docs/a.md", "Llamas eat hay.")
            try shop.write(Self.spec(chunks: 600))
            let beside = try await shop.drover("plan", "--out", "plan.json").output
            #expect(beside.contains("+/- vectorStores.handbook") && !beside.contains("before the gate"), "\(beside)")
            let shown = try await shop.drover("show", "plan.json").output
            #expect(shown.contains("+/- vectorStores.handbook") && shown.contains("  manners: hello ("), "\(shown)")
            let json = try Value(json: Array(try await shop.drover("plan", "--format", "json").output.utf8))
            let store = json["changes"]?.array?.first { $0["address"] == "vectorStores.handbook" }
            #expect(store?["newFirst"] == true, "\(json)")
            #expect(json["endangered"]?.array?.first?["endangered"]?.array?.count == 2, "\(json)")
        }
    }

    @Test("The samples of a gate that could not be decided are added to those of the next run")
    func accumulated() async throws {
        // A case passes by four passes, and each run loses one sample of four.
        let few = Self.spec(repeats: "{reliability: 0.95, unacceptable: 0.5, alpha: 0.2, max: 4}")
        try await withShop(refusing: [1, 8]) { shop in
            try await shop.apply(few, code: 5, saying: "error[gate-inconclusive]")
            #expect(try await shop.alias == nil)
            let plan = try await shop.drover("plan").output
            let asked = "asks 1 of 2 cases; adds to 7 samples in 1 run: 6 passed, 0 failed, 1 error"
            #expect(plan.contains(asked), "\(plan)")
            try await shop.apply(few, code: 0, saying: "1 promoted")
            #expect(try await shop.alias == "1")
            try await shop.apply(few, code: 0, saying: "Nothing to change")
            let told = try await shop.drover("history", "show", "3").output
            #expect(told.contains("check suites.manners: done (passed)"), "\(told)")
        }
    }

    @Test("A gate that goes on asks only the case that was not decided, and the plan tells what just that costs")
    func remainder() async throws {
        // The second gate loses one of its two samples.
        try await withShop(refusing: [3]) { shop in
            try await shop.apply(Self.spec(tone: "One."), code: 0, saying: "1 promoted")
            let next = Self.spec(tone: "Two.")
            try await shop.apply(next, code: 5, saying: "error[gate-inconclusive]")
            let plan = try await shop.drover("plan").output
            let told = try #require(plan.split(separator: "\n").first { $0.contains("T suites.manners") })
            #expect(told.contains("asks 1 of 2 cases, about "), "\(plan)")
            #expect(told.contains("adds to 2 samples in 1 run"), "\(plan)")
            try await shop.apply(next, code: 0, saying: "1 promoted")
            let evidence = shop.mlflow.store.runs.compactMap { run in
                run.tags.first { $0.key == Evidence.tag }.flatMap { Evidence($0.value) }
            }
            #expect(evidence.map(\.samples.passed) == [2, 1, 1] && evidence.map(\.samples.errors) == [0, 1, 0])
            let last = try #require(evidence.last)
            #expect(last.verdict == "passed" && (last.since ?? "z") <= evidence[1].at, "\(evidence)")
            let parts = shop.mlflow.store.runs.filter { run in run.tags.contains { $0.key == "drover.part" } }
            #expect(parts.count == 1)
        }
    }

    @Test("What `drover test` finds of whole suites is evidence that a gate cites, where the spec is what is applied")
    func tested() async throws {
        let released = Self.spec()
        let lines = released.split(separator: "\n", omittingEmptySubsequences: false)
        let unreleased = lines.filter { !$0.hasPrefix("releases:") }.joined(separator: "\n")
        try await withShop { shop in
            try await shop.apply(unreleased, code: 0)
            for part in [["--case", "hello"], ["--fail-fast"], ["--no-publish"]] {
                #expect(try await shop.drover.run(DroverProgram.path, ["test"] + part).code == 0)
            }
            try shop.write(unreleased.replacing("Be kind.", with: "Be brief."))
            let unapplied = try await shop.drover("test")
            #expect(unapplied.code == 0 && unapplied.errors.contains("No evidence is kept"), "\(unapplied.errors)")
            try shop.write(released)
            let none = try await shop.drover("plan").output
            #expect(none.contains("suites.manners") && !none.contains("passed on"), "\(none)")
            try shop.write(unreleased)
            let tested = try await shop.drover("test")
            #expect(tested.code == 0 && !tested.errors.contains("evidence"), "\(tested.errors)")
            try shop.write(released)
            let plan = try await shop.drover("plan").output
            #expect(plan.contains("2 samples in 1 run: 2 passed, 0 failed, 0 errors"), "\(plan)")
            try await shop.apply(released, code: 0, saying: "1 promoted")
            #expect(try await shop.alias == "1")
        }
    }

    @Test("The rows of tables are kept with the run that asked them")
    func tables() async throws {
        let table = "question\nHello?\nThanks!\n"
        let asked = #"name: hello, forEach: {file: rows.csv}, input: "${row.question}""#
        let spec = Self.spec().replacing("name: hello, input: Hello", with: asked)
        try await withShop { shop in
            try shop.write("rows.csv", table)
            try await shop.apply(spec, code: 0, saying: "1 promoted")
            let kept = shop.mlflow.store.artifacts.filter { $0.key.hasSuffix("-rows.csv") }
            #expect(kept.count == 1 && kept.keys.first?.contains("/tables/\(sha256Hex(table.utf8).prefix(8))-") == true)
            #expect(kept.values.first.map { Array($0) } == Array(table.utf8))
        }
    }

    @Test("Joined shards are one run in MLflow with the traces of all, and evidence, however often they are joined")
    func merged() async throws {
        let released = Self.spec()
        let lines = released.split(separator: "\n", omittingEmptySubsequences: false)
        try await withShop { shop in
            try await shop.apply(lines.filter { !$0.hasPrefix("releases:") }.joined(separator: "\n"), code: 0)
            for number in 1...2 {
                let shard = try await shop.drover("test", "--shard", "\(number)/2", "--log", "\(number).jsonl")
                #expect(shard.code == 0, "\(shard.output)\(shard.errors)")
            }
            for _ in 1...2 {
                let ended = try await shop.drover("report", "merge", "1.jsonl", "2.jsonl")
                #expect(ended.code == 0 && ended.errors.isEmpty, "\(ended.output)\(ended.errors)")
            }
            let store = shop.mlflow.store
            let runs = store.runs.filter { run in run.name == "manners" }
            let whole = runs.filter { run in !run.tags.contains { $0.key == "drover.shard" } }
            #expect(runs.count == 3 && whole.count == 1, "\(runs.map(\.tags))")
            let run = try #require(whole.first)
            #expect(run.status == "FINISHED" && run.metrics["cases"] == 2 && run.metrics["pass_rate"] == 1)
            let linked = store.traces.filter { $0.linkedRuns == [run.id] }
            #expect(linked.count == 2 && linked.allSatisfy { !$0.assessments.isEmpty })
            try shop.write(released)
            let plan = try await shop.drover("plan").output
            #expect(plan.contains("2 samples in 1 run: 2 passed, 0 failed, 0 errors"), "\(plan)")
            // One of the shards again: what it shares with the first is not counted again, and it counts by itself.
            _ = try await shop.drover("test", "--shard", "2/2", "--log", "3.jsonl")
            let shared = try await shop.drover("report", "merge", "1.jsonl", "3.jsonl")
            #expect(shared.code == 0 && shared.errors.contains("counted-already"), "\(shared.errors)")
            let after = try await shop.drover("plan").output
            #expect(after.contains("3 samples in 2 runs: 3 passed, 0 failed, 0 errors"), "\(after)")
            let nowhere = ["1.jsonl", "2.jsonl", "--mlflow-url", "http://127.0.0.1:1"]
            let away = try await shop.drover.run(DroverProgram.path, ["report", "merge"] + nowhere)
            #expect(away.code == 0 && away.errors.contains("warning[not-published]"), "\(away.errors)")
        }
    }

    @Test("An alias that was moved by hand is accepted though the gate fails, and what is run is not imported")
    func accepted() async throws {
        try await withShop { shop in
            for tone in ["One.", "Two."] { try await shop.apply(Self.spec(tone: tone), code: 0, saying: "1 promoted") }
            try await shop.mlflow.server().setAlias("production", of: "shop-desk", toVersion: "1")
            let failing = Self.spec(tone: "Three.", expect: "[{contains: nothing of the kind}]")
            try await shop.apply(failing, code: 7, saying: "error[alias-moved]", "--accept-alias")
            try await shop.apply(failing, "--accept-alias", code: 4, saying: "error[gate-failed]")
            let plan = try await shop.drover("plan")
            #expect(plan.code == 0 && plan.output.contains("= releases.production"), "\(plan.output)\(plan.errors)")
            #expect(try await shop.alias == "1")
            let imported = try await shop.drover("import", "suites.manners", "x")
            #expect(imported.code == 64 && imported.errors.contains("[not-importable]"), "\(imported.errors)")
        }
    }

    @Test("A version is also asked as it is logged, with the servers and credentials that only the spec names")
    func artifact() async throws {
        let python = """
            #!/bin/sh
            cat >question.txt
            env | grep -E '^(MLFLOW_TRACKING|LLAMASTACK)' | sort >environment.txt
            cat says.txt
            """
        try await withShop(environment: ["DROVER_MLFLOW_PYTHON": "DIRECTORY/python"]) { shop in
            try shop.write("python", python)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: "\(shop.directory)/python")
            try shop.write("says.txt", "Loading …\n{\"answers\": false}\n")
            let spec = Self.spec(release: ", verify: artifact")
            try await shop.apply(spec, code: 4, saying: "error[artifact-failed]", "models:/")
            #expect(try await shop.alias == nil)
            let again = ["--rerun", "always"]
            try shop.write("says.txt", "Traceback …\n")
            try await shop.apply(spec, again[0], again[1], code: 4, saying: "error[artifact-failed]")
            try shop.write("says.txt", "{\"error\": \"Bad request\"}\n")
            try await shop.apply(
                spec, again[0], again[1], code: 5, saying: "error[artifact-unknown]", "raised: Bad request.")
            try shop.write("says.txt", "{\"lacking\": \"mlflow\"}\n")
            try await shop.apply(spec, again[0], again[1], code: 5, saying: "has no module `mlflow`")
            try shop.write("says.txt", "Loading …\n{\"answers\": true}\n")
            let plan = try await shop.drover("plan", "--exit-code")
            #expect(plan.code == 0 && plan.output.contains("and stays failed"), "\(plan.output)\(plan.errors)")
            try await shop.apply(spec, code: 4, saying: "and stays failed", "`--rerun always`")
            #expect(try await shop.alias == nil)
            try await shop.apply(spec, again[0], again[1], code: 0, saying: "1 promoted")
            let tags = shop.mlflow.store.versions.flatMap(\.tags).map(\.key)
            #expect(!tags.contains { $0.hasPrefix("drover.artifact") }, "\(tags)")
            #expect(try await shop.alias == "1")
            let asked = try String(contentsOfFile: "\(shop.directory)/question.txt", encoding: .utf8)
            #expect(asked.contains("Hello") && asked.contains("models:/"), "\(asked)")
            let known = try String(contentsOfFile: "\(shop.directory)/environment.txt", encoding: .utf8)
            for line in ["MLFLOW_TRACKING_TOKEN=token-of-the-spec", "LLAMASTACK_API_KEY=key-of-the-spec"] {
                #expect(known.contains(line), "\(known)")
            }
            #expect(known.contains("MLFLOW_TRACKING_URI=http://127.0.0.1:"), "\(known)")
            #expect(known.contains("LLAMASTACK_BASE_URL=http://127.0.0.1:"), "\(known)")
        }
    }

    @Test("A Python that is not there leaves the release undecided")
    func noPython() async throws {
        try await withShop(environment: ["DROVER_MLFLOW_PYTHON": "DIRECTORY/nowhere"]) { shop in
            try await shop.apply(
                Self.spec(release: ", verify: artifact"), code: 5, saying: "error[artifact-unknown]")
            #expect(try await shop.alias == nil)
        }
    }

    @Test("What somebody changes while gates run is not taken along: the alias stays, and the next apply shows it")
    func meddled() async throws {
        let meddle: @Sendable (FakeMLflow) async throws -> Void = { mlflow in
            let server = mlflow.server()
            let experiment = try await server.experiments().first { $0.name == "answers" }
            try await server.setExperimentTag(try #require(experiment).id, "team", to: "others")
        }
        try await withShop(during: meddle) { shop in
            try await shop.apply(Self.spec(), code: 7, saying: "experiments.answers")
            #expect(try await shop.alias == nil)
            let tag = shop.mlflow.store.experiments.first { $0.name == "answers" }?.tags.first { $0.key == "team" }?
                .value
            #expect(tag == "others", "Nobody agreed to change it back.")
            try await shop.apply(Self.spec(), code: 0, saying: "~ experiments.answers", "1 promoted")
            #expect(try await shop.alias == "1")
        }
    }
}
