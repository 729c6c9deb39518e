import ArgumentParser
import Fakes
import FoundationEssentials
import Language
import Runtime
import Serving
import Support
import Testing
import Wire

@testable import drover

/// `drover serve --model-version` with `--require-evidence`, of versions that a release has promoted, with a fake OGX and a fake
/// MLflow.
@Suite("Evidence of promoted versions", .timeLimit(.minutes(3)))
struct PromotedEvidenceTests {
    private static func spec(tone: String, expect: String = "ANSWER", experiment: String = "answers") -> String {
        """
        drover: v1
        stack: shop
        experiments: {answers: {}, tests: {}}
        agents: {desk: {model: scripted/llm, instructions: \(tone), log: {experiment: answers}}}
        suites:
          manners:
            agent: desk
            experiment: \(experiment)
            cases: [{name: hello, input: Hello, expect: [{contains: \(expect)}]}]
        releases: {production: {agent: desk, alias: production, gates: [manners]}}

        """
    }

    private struct Shop: Sendable {
        let drover: DroverProgram
        let mlflow: FakeMLflow
        let directory: String
        let servers: [String]

        @discardableResult
        func apply(_ spec: String, _ more: String...) async throws -> String {
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let applied = try await drover(["apply", "drover.yaml", "--yes"] + more + servers)
            #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
            return applied.output + applied.errors
        }

        /// What is served of where the alias points.
        func served() async throws -> [PublishedAgent] {
            try await serving { source, session in
                let agents = try await source.agents(in: session)
                for agent in agents { try await source.required?.requireStanding(of: agent, of: source, in: session) }
                return agents
            }
        }

        /// Looks again at what is served.
        func requireStanding(of agents: [PublishedAgent]) async throws {
            try await serving { source, session in
                for agent in agents { try await source.required?.requireStanding(of: agent, of: source, in: session) }
            }
        }

        private func serving<Result: Sendable>(
            _ body: @escaping @Sendable (ServedSource, Session) async throws -> Result
        ) async throws -> Result {
            let words = ["--model-version", "models:/shop-desk@production", "--require-evidence", "manners"]
            let command = try ServeCommand.parse(words + servers)
            let source = try ServedSource(command)
            return try await Session.open(source.stack, command.server, needs: source.needs) { session in
                try await body(source, session)
            }
        }
    }

    private func withShop(_ body: @escaping @Sendable (Shop) async throws -> Void) async throws {
        let (ogx, mlflow) = (FakeOGX(), FakeMLflow())
        try await LoopbackServer.withServer(serving: ogx.transport) { stack in
            try await LoopbackServer.withServer(serving: mlflow) { tracking in
                try await withTemporaryDirectory { directory in
                    let servers = ["--llamastack-url", stack, "--mlflow-url", tracking]
                    let drover = DroverProgram(in: directory)
                    try await body(Shop(drover: drover, mlflow: mlflow, directory: directory, servers: servers))
                }
            }
        }
    }

    @Test("What a gate passed on the result of an earlier version is served by that")
    func earlier() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(tone: "Be kind."))
            try await shop.apply(Self.spec(tone: "Be short."))
            let told = try await shop.apply(Self.spec(tone: "Be kind."))
            #expect(told.contains("passed on evidence of"), "\(told)")
            let agent = try #require(try await shop.served().first)
            #expect(agent.version == "models:/shop-desk/3")
            #expect(agent.evidence?.version == "models:/shop-desk/1" && agent.evidence?.verdict == "passed")
        }
    }

    @Test("What was promoted although an earlier version of the same agent has failed is not served")
    func overridden() async throws {
        let failing = Self.spec(tone: "Be kind.", expect: "nothing of the kind")
        try await withShop { shop in
            try await shop.apply(failing, "--override", "shown to nobody")
            try await shop.apply(Self.spec(tone: "Be short."))
            #expect(try await shop.served().map(\.version) == ["models:/shop-desk/2"])
            try await shop.apply(failing, "--override", "shown to nobody")
            let failure = await #expect(throws: CommandFailure.self) { try await shop.served() }
            let problem = try #require(failure?.diagnostics.first)
            #expect(problem.code == "failed-suite")
            #expect(problem.detail.contains("models:/shop-desk/3, has not passed"), "\(problem.detail)")
            #expect(problem.detail.contains("it failed on"), "\(problem.detail)")
            // To run the suite once more would not help.
            #expect(problem.fix?.hasPrefix("What failed stays so") == true)
            let alias = try ModelVersionURI("models:/shop-desk@production")
            #expect(Diagnostic.notFollowed(alias, problem).fix == problem.fix)
            #expect(Diagnostic.notRenewed(problem).fix == problem.fix)
        }
    }

    @Test("What is served stays so when its release is gone, until what it stands on is taken back")
    func removedRelease() async throws {
        try await withShop { shop in
            let spec = Self.spec(tone: "Be kind.")
            for spec in [spec, Self.spec(tone: "Be short."), spec] { try await shop.apply(spec) }
            let agents = try await shop.served()
            #expect(agents.map(\.version) == ["models:/shop-desk/3"])
            let lines = spec.split(separator: "\n").filter { !$0.hasPrefix("releases:") }
            try await shop.apply(lines.joined(separator: "\n"))
            try await shop.requireStanding(of: agents)
            var evidence = try #require(agents.first?.evidence)
            evidence.verdict = "failed"
            try await shop.mlflow.server().logBatch(
                toRun: evidence.run, metrics: [], tags: [Evidence.tag: evidence.text])
            let failure = await #expect(throws: CommandFailure.self) { try await shop.requireStanding(of: agents) }
            #expect(failure?.diagnostics.first?.code == "failed-suite")
        }
    }

    @Test("Results of a suite that is logged in another experiment than its agent count, too")
    func otherExperiment() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(tone: "Be kind.", experiment: "tests"))
            #expect(try await shop.served().first?.evidence?.version == "models:/shop-desk/1")
        }
    }
}
