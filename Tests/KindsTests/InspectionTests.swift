import Engine
import Fakes
import Language
import Testing
import Wire

@testable import Kinds

/// What somebody does to files that no field tells of.
@Suite("Files that are looked at for drift")
struct InspectionTests {
    private static let agent = "agents: {a: {model: scripted/llm, instructions: Be brief.}}"
    private static let store = "vectorStores: {s: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"

    private static func folder(_ stack: TestStack) throws -> MLflowArtifactFolder {
        try MLflowArtifactFolder(uri: try #require(stack.mlflow.store.loggedModels.last?.location))
    }

    private static func drift(_ stack: TestStack, _ spec: String, _ inspection: Inspection) async throws -> [String] {
        let drift = try await stack.plan(spec, inspection: inspection).drift
        return drift.changes.filter { $0.action != .keep }.flatMap { change in
            change.fields.map { "\(change.action) \(change.address) \($0.path): \($0.note ?? "")" }
        }
    }

    @Test(
        "What was logged is as it was left, however closely it is looked at",
        arguments: [Inspection.sizes, .contents])
    func untouched(inspection: Inspection) async throws {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try await stack.apply("\(Self.agent)\n\(Self.store)")
        let plan = try await stack.plan("\(Self.agent)\n\(Self.store)", inspection: inspection)
        #expect(plan.lines == [] && plan.warnings.isEmpty)
    }

    @Test("A logged file of another size is seen without reading it, one of the same size when it is read")
    func overwritten() async throws {
        for name in ["agent.py", "drover_agent/tools.py", "definition.json", "MLmodel", "requirements.txt"] {
            let stack = try TestStack()
            try await stack.apply(Self.agent)
            let (server, folder) = (stack.mlflow.server(), try Self.folder(stack))
            var bytes = try await server.artifact(named: name, in: folder)
            bytes[bytes.count / 2] ^= 1
            try await server.putArtifact(bytes, named: name, in: folder)
            #expect(try await Self.drift(stack, Self.agent, .fields) == [])
            #expect(try await Self.drift(stack, Self.agent, .sizes) == [], "MLflow tells no more than the size")
            let read = try await Self.drift(stack, Self.agent, .contents)
            #expect(read.count == 1 && read[0].hasPrefix("update agents.a files.\(name): was overwritten: "), "\(read)")
            try await server.putArtifact(bytes + [10], named: name, in: folder)
            let sized = try await Self.drift(stack, Self.agent, .sizes)
            let told = "update agents.a files.\(name): was overwritten (\(bytes.count + 1) bytes, and \(bytes.count) "
            #expect(sized.count == 1 && sized[0].hasPrefix(told), "\(sized)")
            #expect(try await Self.drift(stack, Self.agent, .fields) == [], "a plan asks nothing more")
        }
    }

    @Test("What the message says mends it: without that logged model, the next apply logs the agent anew")
    func mended() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.agent)
        try await stack.mlflow.server().putArtifact([0], named: "agent.py", in: try Self.folder(stack))
        let told = try await Self.drift(stack, Self.agent, .sizes)
        let id = try #require(stack.mlflow.store.loggedModels.last?.id)
        #expect(told.first?.contains("delete the logged model \(id) in MLflow") == true, "\(told)")
        try await stack.mlflow.server().deleteLoggedModel(id)
        try await stack.apply(Self.agent)
        #expect(try await Self.drift(stack, Self.agent, .contents) == [])
    }

    @Test("Another Llama Stack in a logged agent is a warning: the agent's environment may name the right one")
    func otherPlace() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.agent)
        let (server, folder) = (stack.mlflow.server(), try Self.folder(stack))
        try await server.putArtifact(
            Array(#"{"baseUrl":"http://evil.test"}"#.utf8), named: "llamastack.json", in: folder)
        let plan = try await stack.plan(Self.agent, inspection: .contents)
        #expect(plan.drift.isEmpty && plan.warnings.map(\.code) == ["other-llama-stack"])
        #expect(plan.warnings.first?.detail.contains("http://evil.test") == true)
        try await server.putArtifact(Array("{}".utf8), named: "llamastack.json", in: folder)
        #expect(try await Self.drift(stack, Self.agent, .contents).count == 1)
    }

    @Test("A document with our mark and another content is seen when it is read back, declared or not")
    func otherContent() async throws {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        try await stack.apply(Self.store)
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
        let store = try #require(stack.ogx.stores.first)
        let old = try #require(store.attachments.first { $0.text == "Refunds take 30 days." })
        let file = try await server.files.upload(Array("Refunds take 90 days.".utf8), path: "docs/a.md")
        _ = try await server.files(in: store.id).attach(
            file.id, attributes: old.attributes.compactMapValues(\.string))
        try await server.files(in: store.id).detach(old.file)
        #expect(try await Self.drift(stack, Self.store, .sizes) == [])
        let told = try await Self.drift(stack, Self.store, .contents)
        let start = "update vectorStores.s documents.docs/a.md: its content "
        #expect(told.count == 1 && told[0].hasPrefix(start), "\(told)")
        // It left the spec: the mark itself says which content it was for.
        let fewer = Self.store.replacing("docs/*.md", with: "docs/b.md")
        let undeclared = try await Self.drift(stack, fewer, .contents)
        #expect(undeclared.count == 1 && undeclared[0].contains(" documents.docs/a.md: its content "), "\(undeclared)")
    }
}
