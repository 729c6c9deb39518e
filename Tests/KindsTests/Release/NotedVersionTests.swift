import Engine
import Fakes
import Kinds
import Language
import Runtime
import Testing
import Wire

@Suite("NotedVersion")
struct NotedVersionTests {
    private static func digest(ofVersion number: Int, on stack: TestStack) async throws -> String? {
        let uri = try ModelVersionURI("models:/helpdesk-a/\(number)")
        return try await stack.mlflow.server().noted(uri).digest
    }

    @Test("A version that a release took up has the digest of its agent, and an equal agent the same one")
    func promoted() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two", "One"] { try await stack.apply(ReleaseTests.spec(instructions)) }
        let noted = try await stack.mlflow.server().noted(ModelVersionURI("models:/helpdesk-a/3"))
        #expect(noted.stack == "helpdesk")
        let first = try #require(try await Self.digest(ofVersion: 1, on: stack))
        #expect(noted.digest == first)
        #expect(try await Self.digest(ofVersion: 2, on: stack) != first)
        #expect(try await Self.digest(ofVersion: 4, on: stack) == nil)
    }

    @Test("It keeps its digest when it is rolled back, and has one while it waits for approval")
    func moved() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two"] { try await stack.apply(ReleaseTests.spec(instructions)) }
        let before = try await Self.digest(ofVersion: 2, on: stack)
        _ = try await ReleaseTests.resource(stack).rollBack("production", of: StackName("helpdesk"), reason: nil)
        #expect(before != nil)
        #expect(try await Self.digest(ofVersion: 2, on: stack) == before)
        try await stack.apply(ReleaseTests.spec("Three", "{agent: a, alias: production, approve: manual}"))
        #expect(try await ReleaseTests.alias(stack) == "1")
        #expect(try await Self.digest(ofVersion: 3, on: stack) != nil)
    }

    @Test("Where somebody else put an alias, nothing is known of the version, nor of one that no release took up")
    func byHand() async throws {
        let (stack, name) = (try TestStack(), StackName("helpdesk"))
        try await stack.apply("agents: {a: {model: scripted/llm, instructions: One}}")
        #expect(try await Self.digest(ofVersion: 1, on: stack) == nil)
        try await stack.apply(ReleaseTests.spec("Two"))
        #expect(try await Self.digest(ofVersion: 2, on: stack) != nil)
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "1")
        _ = try await ReleaseTests.resource(stack).accept("production", of: name)
        #expect(try await ReleaseTests.alias(stack) == "1")
        #expect(try await Self.digest(ofVersion: 1, on: stack) == nil)
    }

    @Test("What another stack notes on the registered model says nothing")
    func otherStack() async throws {
        let stack = try TestStack()
        try await stack.apply(ReleaseTests.spec("One"))
        let server = stack.mlflow.server()
        let tags = try await server.registeredModels().first { $0.name == "helpdesk-a" }?.tags
        let state = try #require(tags?["drover.release.production"])
        try await server.setRegisteredModelTag(
            "helpdesk-a", "drover.release.production",
            to: state.replacing(#""stack":"helpdesk""#, with: #""stack":"another""#))
        #expect(try await Self.digest(ofVersion: 1, on: stack) == nil)
    }
}
