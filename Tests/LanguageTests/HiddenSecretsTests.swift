import Language
import Testing

@Suite("Secrets beside a slip")
struct HiddenSecretsTests {
    private struct Server: SpecDecodable {
        static let noun = "a server"
        private static let apiKey = Key("apiKey", Reading<SecretSource>.secret, "Its key.")
        private static let data = Key("data", Reading.map(Reading<SecretSource>.secret), "Keys of others.")
        private static let model = Key("model", Reading<String>.text, "Its model.")
        static let fields = [apiKey.field, data.field, model.field]

        init(from fields: inout Fields) {
            _ = fields.read(Self.apiKey)
            _ = fields.read(Self.data)
            _ = fields.read(Self.model)
        }
    }

    /// All that is said of a text that is read and decoded.
    private func told(_ text: String) -> String {
        let source = Source(path: "spec.yaml", bytes: Array(text.utf8))
        var sources = SourceMap()
        let id = sources.add(source)
        let reading = Reader.reading(source, id: id)
        var problems = Problems()
        problems.report(reading.diagnostics)
        for document in reading.documents {
            _ = Reading<Server>.object().read(document, reporting: &problems)
        }
        return DiagnosticRenderer(sources: sources, colors: false).render(problems.diagnostics)
    }

    @Test(
        "What may be a secret is in no snippet and no sentence",
        arguments: [
            ("api_key: sk-live", "unknown-field"), ("openai_token: sk-live", "unknown-field"),
            ("apiKey: {value: sk-live}", "unknown-field"), ("apiKey: {env: A, file: [sk-live]}", "not-exactly-one"),
            ("apiKey: {sk-live}", "plain-secret"), ("apiKey: sk-live", "plain-secret"),
            ("data: sk-live", "wrong-type"), ("data: {a: {sk-live}}", "plain-secret"),
            ("apiKey: sk-live\nmodel: m\napiKey: sk-live2", "duplicate-key"),
            ("a:\n  password:sk-live\n  model: m", "missing-space"),
            ("apiKey: {env: A}\npassword:sk-live\nmodel: m", "missing-colon"),
            ("model: m\n- token sk-live\nmodel: m", ""), ("\"api-key\": \"sk-live\nmodel: m", "unclosed-quote"),
        ])
    func hidden(_ text: String, _ code: String) {
        let told = told(text)
        #expect(!told.contains("sk-live"), "\(told)")
        #expect(code.isEmpty || told.contains("[\(code)]"), "\(told)")
    }

    @Test("Where no secret is meant, a slip is shown with its value")
    func shown() {
        #expect(told("modle: llm").contains("modle: llm"))
        #expect(told("model: a\nmodel: b").contains("1 | model: a\n"))
        #expect(told("x:\n  model:chat\n  a: b").contains("  model:chat\n"))
    }
}
