import ArgumentParser
import Fakes
import FoundationEssentials
import Serving
import Support
import Testing
import Wire

@testable import drover

/// What `drover serve --require-evidence` finds out later, with a fake OGX and a fake MLflow.
@Suite("StandingProof", .timeLimit(.minutes(3)))
struct StandingProofTests {
    private static let spec = """
        drover: v1
        stack: shop
        experiments: {answers: {}}
        prompts: {tone: {template: Be kind.}}
        agents: {desk: {model: scripted/llm, instructions: {prompt: tone}, log: {experiment: answers}}}
        suites:
          manners:
            agent: desk
            experiment: answers
            cases: [{name: hello, input: Hello, expect: [{contains: ANSWER}]}]

        """

    @Test("What was listed when it began does not hide that somebody has removed what the agent needs")
    func removed() async throws {
        let (ogx, mlflow) = (FakeOGX(), FakeMLflow())
        try await LoopbackServer.withServer(serving: ogx.transport) { stack in
            try await LoopbackServer.withServer(serving: mlflow) { tracking in
                try await withTemporaryDirectory { directory in
                    let path = "\(directory)/drover.yaml"
                    try Data(Self.spec.utf8).write(to: URL(filePath: path))
                    let servers = ["--llamastack-url", stack, "--mlflow-url", tracking]
                    let drover = DroverProgram(in: directory)
                    let applied = try await drover(["apply", "--yes"] + servers)
                    #expect(applied.code == 0, "\(applied.errors)")
                    let tested = try await drover(["test", "--suite", "manners"] + servers)
                    #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
                    let words = ["desk", "--spec", path, "--require-evidence", "manners"] + servers
                    try await Self.watch(try ServeCommand.parse(words)) {
                        for name in mlflow.store.registeredModels.map(\.name) where name.contains("tone") {
                            try await mlflow.server().deleteRegisteredModel(name)
                        }
                    }
                }
            }
        }
    }

    /// Returns when the evidence that stood at the beginning stands no longer.
    private static func watch(_ command: ServeCommand, after change: @escaping @Sendable () async throws -> Void)
        async throws
    {
        let source = try ServedSource(command)
        try await Session.open(source.stack, command.server, needs: source.needs) { session in
            let publication = Publication(try await source.agents(in: session))
            let proof = StandingProof()
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    await proof.watch(publication, of: source, in: session, every: .milliseconds(50))
                }
                // Some rounds, so that all is listed before the change: none finds anything else than the start did.
                try await Task.sleep(for: .milliseconds(500))
                #expect(proof.holds, "Nothing has changed yet.")
                try await change()
                while proof.holds { try await Task.sleep(for: .milliseconds(20)) }
            }
        }
    }
}
