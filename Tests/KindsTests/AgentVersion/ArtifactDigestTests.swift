import Kinds
import Language
import Runtime
import Testing

@Suite("artifactDigest")
struct ArtifactDigestTests {
    @Test("Equal definitions have equal digests, also after they were read back from their JSON")
    func stable() throws {
        let definition = AgentDefinition.support
        let again = try Value(json: Array(try definition.canonicalJSON.utf8)).decoded(as: AgentDefinition.self)
        #expect(again == definition)
        #expect(try artifactDigest(again) == artifactDigest(definition))
        #expect(try artifactDigest(definition).count == 64)
    }

    @Test("Every field of a definition counts")
    func sensitive() throws {
        let changes: [(String, (inout AgentDefinition) -> Void)] = [
            ("name", { $0.name = "other" }),
            ("description", { $0.description = "other" }),
            ("model", { $0.model = "other" }),
            ("instructions", { $0.instructions += " " }),
            ("tools", { $0.tools.removeLast() }),
            ("sampling", { $0.sampling?.temperature = 0.3 }),
            ("maxSteps", { $0.maxSteps += 1 }),
            ("toolChoice", { $0.toolChoice = "none" }),
            ("responseFormat", { $0.responseFormat = ["type": "object"] }),
            ("metadata", { $0.metadata = ["a": "b"] }),
        ]
        let digests = try changes.map { name, change in
            var changed = AgentDefinition.support
            change(&changed)
            return try artifactDigest(changed)
        }
        #expect(Set(digests + [try artifactDigest(.support)]).count == changes.count + 1)
    }
}

extension AgentDefinition {
    /// An agent with a tool of every kind.
    static let support = AgentDefinition(
        name: "support", description: "First-line support", model: "scripted/llm",
        instructions: "You answer from the handbook.",
        tools: [
            ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs_1"], maxResults: 5)),
            ToolDefinition(
                name: "tickets",
                mcp: .init(
                    url: "http://127.0.0.1:9000/mcp", tokenEnvironment: "TICKETS_TOKEN", allow: ["ticket_create"])),
        ],
        sampling: Sampling(temperature: 0.2, topP: 1, maxTokens: 512), maxSteps: 8)
}
