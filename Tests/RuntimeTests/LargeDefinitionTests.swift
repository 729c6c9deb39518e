import Language
import Runtime
import Testing

@Suite("Large definitions")
struct LargeDefinitionTests {
    /// 10 MB of instructions, and a schema with 200,000 names.
    private static let large: AgentDefinition = {
        let names = (0..<200_000).map { Value.string("n\($0)") }
        let schema: Value = ["type": "object", "properties": ["name": ["enum": .array(names), "maxLength": 9]]]
        return AgentDefinition(
            name: "a", model: "m", instructions: String(repeating: "Büro 𝄞 \"x\"\n", count: 700_000),
            tools: [ToolDefinition(name: "f", function: .init(description: "Finds.", parameters: schema))],
            sampling: .init(temperature: 1), responseFormat: ["minimum": 0.5])
    }()

    @Test("A definition of any size is written and read again without loss")
    func isRead() throws {
        let text = try Self.large.canonicalJSON
        #expect(text.unicodeScalars.count > 9_000_000)
        let read = try Value(json: text.utf8).decoded(as: AgentDefinition.self)
        #expect(read == Self.large)
        #expect(try sha256Hex(read.canonicalJSON.utf8) == sha256Hex(text.utf8))
    }
}
