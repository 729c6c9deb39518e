import ArgumentParser
import Fakes
import FoundationEssentials
import Kinds
import Language
import Runtime
import Serving
import Support
import Synchronization
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

    /// The same with documents, and another prompt.
    private static func spec(tone: String, hours: String, tool: String = "") -> String {
        """
        drover: v1
        stack: shop
        experiments: {answers: {}}
        vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [{text: "\(hours)", name: hours.txt}]}}
        tools:
          knowledge: {fileSearch: {vectorStores: [handbook]}}
          stock: {function: {description: Stock., parameters: {type: object, properties: {}}\(tool)}}
        prompts: {tone: {template: \(tone)}}
        agents:
          desk:
            model: scripted/llm
            instructions: {prompt: tone}
            tools: [knowledge, stock]
            log: {experiment: answers}
        suites:
          manners:
            agent: desk
            experiment: answers
            cases: [{name: hello, input: Hello, expect: [{contains: ANSWER}]}]

        """
    }

    private final class Counter: Sendable {
        let number = Mutex(0)
    }

    /// A stack that is served while the same is applied from other files.
    fileprivate struct Shop: Sendable {
        let drover: DroverProgram
        let directory: String
        let servers: [String]
        let mlflow: FakeMLflow

        func apply(_ spec: String, to name: String = "drover.yaml") async throws {
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
            let applied = try await drover(["apply", name, "--yes"] + servers)
            #expect(applied.code == 0, "\(applied.errors)")
        }

        func test(_ name: String = "drover.yaml") async throws {
            let tested = try await drover(["test", name, "--suite", "manners"] + servers)
            #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
        }

        /// Serves what `drover.yaml` says.
        func serve(
            _ body: @escaping @Sendable (ServedSource, RequiredEvidence, Publication, Session) async throws -> Void
        ) async throws {
            let words = ["desk", "--spec", "\(directory)/drover.yaml", "--require-evidence", "manners"] + servers
            let command = try ServeCommand.parse(words)
            let source = try ServedSource(command)
            let required = try #require(source.required)
            try await Session.open(source.stack, command.server, needs: source.needs) { session in
                try await body(source, required, Publication(try await source.agents(in: session)), session)
            }
        }
    }

    private func withShop(_ body: @escaping @Sendable (Shop) async throws -> Void) async throws {
        let (ogx, mlflow) = (FakeOGX(), FakeMLflow())
        try await LoopbackServer.withServer(serving: ogx.transport) { stack in
            try await LoopbackServer.withServer(serving: mlflow) { tracking in
                try await withTemporaryDirectory { directory in
                    let servers = ["--llamastack-url", stack, "--mlflow-url", tracking]
                    try await body(
                        Shop(
                            drover: DroverProgram(in: directory), directory: directory, servers: servers, mlflow: mlflow
                        ))
                }
            }
        }
    }

    @Test("What was listed when it began does not hide that somebody has removed what the agent needs")
    func removed() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec)
            try await shop.test()
            let words = ["desk", "--spec", "\(shop.directory)/drover.yaml", "--require-evidence", "manners"]
            try await Self.watch(try ServeCommand.parse(words + shop.servers)) {
                for name in shop.mlflow.store.registeredModels.map(\.name) where name.contains("tone") {
                    try await shop.mlflow.server().deleteRegisteredModel(name)
                }
            }
        }
    }

    @Test("A version that was applied later leaves what is served as it is, and is served as soon as it has passed")
    func newer() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(tone: "Be kind.", hours: "From nine."))
            try await shop.test()
            let proven = Counter()
            let count: @Sendable () -> Void = { proven.number.withLock { $0 += 1 } }
            try await shop.serve { source, required, publication, session in
                let first = try #require(publication.agents.first)
                try await shop.apply(Self.spec(tone: "Be short.", hours: "From nine."), to: "next.yaml")
                try await required.requireStanding(of: first, of: source, in: session.refreshed())
                try await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    group.addTask {
                        await source.follow(publication, in: session, every: .milliseconds(20), onProven: count)
                    }
                    try await Task.sleep(for: .milliseconds(500))
                    #expect(publication.agents.map(\.version) == [first.version], "It has not passed.")
                    try await shop.test("next.yaml")
                    while publication.agents.first?.version == first.version {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                let next = try #require(publication.agents.first)
                #expect(next.version == "models:/shop-desk/2" && next.evidence?.version == next.version)
                #expect(proven.number.withLock { $0 } == 1, "The server is ready at once.")
                try await required.requireStanding(of: next, of: source, in: session.refreshed())
            }
        }
    }

    @Test("A file that changed with a version that was applied later does not take the evidence of the earlier one")
    func fileOfLaterVersion() async throws {
        try await withShop { shop in
            let spec = Self.spec.replacing("{prompt: tone}", with: "{file: tone.txt}")
            let tone = URL(filePath: "\(shop.directory)/tone.txt")
            try Data("Be kind.".utf8).write(to: tone)
            try await shop.apply(spec)
            try await shop.test()
            try await shop.serve { source, required, publication, session in
                let first = try #require(publication.agents.first)
                try Data("Be short.".utf8).write(to: tone)
                try await shop.apply(spec)
                let refreshed = try await session.refreshed()
                try await required.requireStanding(of: first, of: source, in: refreshed)
                let next = try await shop.applied(source.stack, in: refreshed)
                #expect(next.version == "models:/shop-desk/2")
                await #expect(throws: Diagnostic.self, "It has not passed.") {
                    try await required.following(next, in: refreshed)
                }
                try await shop.test()
                let later = try await session.refreshed()
                let proven = try await required.following(next, in: later)
                try await required.requireStanding(of: proven, of: source, in: later)
            }
        }
    }

    @Test("Documents that changed with a version that was applied later change what is served, too")
    func documents() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(tone: "Be kind.", hours: "From nine."))
            try await shop.test()
            try await shop.serve { source, required, publication, session in
                let first = try #require(publication.agents.first)
                try await shop.apply(Self.spec(tone: "Be short.", hours: "From ten."), to: "next.yaml")
                let problem = await #expect(throws: Diagnostic.self) {
                    try await required.requireStanding(of: first, of: source, in: session.refreshed())
                }
                #expect(problem?.detail.contains("what it needs, such as documents, has changed") == true)
            }
        }
    }

    @Test("A version that was applied later is not followed where functions are carried out as an earlier spec said")
    func functions() async throws {
        try await withShop { shop in
            let tool = #", http: {url: "http://127.0.0.1:9/stock"}"#
            try await shop.apply(Self.spec(tone: "Be kind.", hours: "From nine.", tool: tool))
            try await shop.test()
            try await shop.serve { source, required, publication, session in
                let first = try #require(publication.agents.first)
                try await shop.apply(Self.spec(tone: "Be short.", hours: "From nine.", tool: tool), to: "next.yaml")
                try await shop.test("next.yaml")
                let session = try await session.refreshed()
                let next = try await shop.applied(source.stack, in: session)
                #expect(next.version == "models:/shop-desk/2")
                let problem = await #expect(throws: Diagnostic.self) {
                    try await required.following(next, in: session)
                }
                #expect(problem?.detail.contains("its function `stock` is carried out here") == true)
                try await required.requireStanding(of: first, of: source, in: session)
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

extension StandingProofTests.Shop {
    /// The agent as it was applied last.
    fileprivate func applied(_ stack: Stack, in session: Session) async throws -> PublishedAgent {
        let found = try await RunnableAgents.find(["desk"], isApplied: true, in: session, stack)
        let place = found.lookup.place(of: "desk", isApplied: true)
        return PublishedAgent(
            name: "desk", definition: try await found.definition(of: "desk", .lastApplied), runtime: found.runtime,
            place: place, version: place?.modelURI)
    }
}
