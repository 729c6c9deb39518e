import Engine
import Fakes
import Kinds
import Language
import Runtime
import Testing
import Wire

@Suite("Versions by their names")
struct ModelVersionTests {
    private static let spec = """
        registeredModels: {m: {}}
        experiments: {e: {}}
        agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}}}
        """

    /// Two versions, of which the alias points at the first.
    private static func stack() async throws -> TestStack {
        let stack = try TestStack()
        try await stack.apply(spec)
        try await stack.apply(spec.replacing("One", with: "Two"))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        return stack
    }

    @Test(
        "A number, an alias and the latest give what was logged as that",
        arguments: [
            ("models:/m/1", "One"), ("models:/m@production", "One"), ("models:/m/2", "Two"),
            ("models:/m/latest", "Two"), ("models:/m@latest", "Two"), ("models:/m@Latest", "Two"),
        ])
    func found(uri: String, instructions: String) async throws {
        let server = try await Self.stack().mlflow.server()
        let version = try await server.agentVersion(ModelVersionURI(uri))
        #expect(try await server.definition(of: version).instructions == instructions)
    }

    @Test("A version that is not there is told with those that are")
    func missing() async throws {
        let server = try await Self.stack().mlflow.server()
        for uri in ["models:/m/7", "models:/m@staging"] {
            let thrown = await #expect(throws: Diagnostic.self) { try await server.agentVersion(ModelVersionURI(uri)) }
            #expect(thrown?.fix == "It has `models:/m/2`, `models:/m/1` and `models:/m@production`.")
            #expect(thrown?.cause == .unavailable)
        }
        let none = await #expect(throws: Diagnostic.self) {
            try await server.agentVersion(ModelVersionURI("models:/x/1"))
        }
        #expect(none?.detail.contains("no registered model `x`") == true)
    }

    @Test(
        "What is no name of a version is refused",
        arguments: ["m/1", "models:/m", "models:/m/0", "runs:/r/agent", "models:/m@a b"])
    func unreadable(text: String) {
        let thrown = #expect(throws: Diagnostic.self) { try ModelVersionURI(text) }
        #expect(thrown?.cause == .usage)
    }
}
