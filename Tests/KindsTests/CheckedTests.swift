import Engine
import Fakes
import Foundation
import Kinds
import Language
import Synchronization
import Testing
import Wire

/// What plans and doctor check of a server, and what happens when it cannot tell.
@Suite("What is checked on a server")
struct CheckedTests {
    private static let failing = HTTPResponse(
        status: 500, body: Array(#"{"error":{"message":"Internal server error"}}"#.utf8))

    /// A server of which one listing fails, and how often it was asked for.
    private static func begin(failing path: String) throws -> TestStack {
        let stack = try TestStack(ogx: FakeOGX(connectors: ["desk"]))
        stack.ogx.intercept { request in
            request.method == .get && request.url.hasSuffix(path) ? .response(failing) : nil
        }
        return stack
    }

    @Test(
        "A listing that only confirms the spec, and fails, is a warning in plan and apply",
        arguments: [
            ("/connectors", "tools: {desk: {mcp: {connector: desk}}}", "the connector `desk`"),
            ("/models", "models: {m: {id: scripted/llm}}", "the model `scripted/llm`"),
            (
                "/models", "vectorStores: {s: {embeddingModel: scripted/embed, provider: faiss}}",
                "the model `scripted/embed`"
            ),
            (
                "/models", "agents: {a: {model: scripted/llm, instructions: Hi., log: false}}",
                "the model `scripted/llm`"
            ),
            (
                "/providers", "vectorStores: {s: {embeddingModel: scripted/embed, provider: faiss}}",
                "the provider `faiss`"
            ),
        ])
    func uncheckable(path: String, spec: String, what: String) async throws {
        let stack = try Self.begin(failing: path)
        let plan = try await stack.plan(spec)
        #expect(plan.warnings.map(\.code.name) == ["unchecked"])
        #expect(plan.warnings.map(\.severity) == [.warning])
        #expect(plan.warnings.first?.detail.contains(what) == true, "\(plan.warnings)")
        #expect(plan.warnings.first?.detail.contains("status 500: Internal server error") == true)
        #expect(plan.warnings.first?.subject != nil)
        let isOfConnector = path == "/connectors"
        #expect(plan.warnings.first?.fix?.contains("second turn of a conversation") == isOfConnector)
        try await stack.apply(spec)
    }

    @Test(
        "A model that the server itself has is not replaced, which is told where its address is given",
        arguments: FakeStackVersion.allCases.filter(\.registersModels))
    func replacedModel(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let run = try await stack.open("models: {m: {id: \(version.models.llm), type: llm}}")
        let found = try await run.survey().members[Address("models", "m")]
        #expect(found != nil, "It is there, without a mark.")
        let all = try await run.apply(Permissions(), Selection(replaced: [AddressPattern("models")]))
        #expect(all.failures.isEmpty && all.count(.replace) == 0)
        let thrown = await #expect(throws: Diagnostics.self) {
            try await run.apply(Permissions(), Selection(replaced: [AddressPattern("models.m")]))
        }
        #expect(thrown?.all.map(\.code) == ["nothing-to-replace"] && thrown?.all.first?.cause == .usage)
    }

    @Test(
        "A provider that the server lacks is told by the plan, at its place, with the nearest name",
        arguments: [
            (FakeStackVersion.ogx150, "vectorStores: {s: {embeddingModel: scripted/embed, provider: fais}}", "faiss"),
            (.llamaStack047, "shields: {s: {provider: guards}}", "guard"),
            (.llamaStack047, "models: {m: {id: new, type: llm, provider: scriptd}}", "scripted"),
        ])
    func unknownProvider(version: FakeStackVersion, spec: String, nearest: String) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.code.name) == ["unknown-provider"])
        #expect(thrown?.all.first?.fix == "Did you mean `\(nearest)`?")
        #expect(thrown?.all.first?.cause == .lacking)
        let place = thrown?.all.first?.subject?.start
        #expect(place?.line == 3 && (place?.column ?? 0) > 20)
    }

    @Test("A model that cannot embed is told by the plan", arguments: [FakeStackVersion.ogx150, .llamaStack073])
    func cannotEmbed(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        stack.ogx.intercept { request in
            guard request.url.hasSuffix("/embeddings") else { return nil }
            return .response(
                HTTPResponse(status: 400, body: Array(#"{"error":{"message":"it is no embedding model"}}"#.utf8)))
        }
        let spec = "vectorStores: {s: {embeddingModel: \(version.models.llm)}}"
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.code.name) == ["cannot-embed"])
        #expect(thrown?.all.first?.cause == .lacking)
    }

    @Test("A model that OGX found by itself is tried once, since it is listed as one that answers")
    func found() async throws {
        let stack = try TestStack()
        let count = Mutex(0)
        stack.ogx.intercept { request in
            guard request.url.hasSuffix("/embeddings") else { return nil }
            count.withLock { $0 += 1 }
            return .json(#"{"data":[{"embedding":[0.5,0.5,0.5]}]}"#)
        }
        let spec = "vectorStores: {s: {embeddingModel: scripted/llm}, t: {embeddingModel: scripted/llm}}"
        #expect(try await stack.plan(spec).lines.count == 2)
        #expect(count.withLock { $0 } == 1)
    }

    @Test("What is not allowed to be asked, or whom nobody answers for, stops the plan all the same")
    func stops() async throws {
        let stack = try TestStack(ogx: FakeOGX(connectors: ["desk"]))
        for step in [
            ScriptedTransport.Step.response(HTTPResponse(status: 403)),
            .failure(TransportFailure(.unreachable, "connection refused")),
        ] {
            stack.ogx.intercept { $0.url.hasSuffix("/connectors") ? step : nil }
            await #expect(throws: (any Error).self) { try await stack.plan("tools: {desk: {mcp: {connector: desk}}}") }
        }
    }
}
