import Language
import Runtime
import Testing

@testable import Serving

@Suite("ServedError")
struct ServedErrorTests {
    /// What a caller is told whose request a server agent of Llama Stack 0.2.24 cannot be handed.
    private func refusal(of request: AgentRequest, _ detail: String) -> ServedError {
        ServedError(Diagnostic("not-offered", "Not offered", detail: detail, cause: .lacking), of: request)
    }

    @Test(
        "Sampling that cannot be handed on is refused by the names that callers have for it",
        arguments: [
            ("sampling.temperature", "temperature"), ("sampling.topP", "top_p"),
            ("sampling.maxTokens", "max_output_tokens"),
        ])
    func sampling(written: String, asked: String) {
        var request: AgentRequest = "Hi"
        request.sampling.temperature = 0.5
        let error = refusal(
            of: request, "It runs as an agent, to which `\(written)` for one request cannot be handed on.")
        #expect(error.status == .badRequest && error.code == "unsupported_parameter" && error.parameter == asked)
        #expect(error.message == "It runs as an agent, to which `\(asked)` for one request cannot be handed on.")
    }

    @Test("A function that cannot be handed on, or has the name of a tool, is one of the field `tools`")
    func function() throws {
        let request = try ServedRequest(
            Array(#"{"input":"Hi","tools":[{"type":"function","name":"look"}]}"#.utf8)
        ).asked
        for detail in ["It takes no caller's function `look`.", "The caller's function `look` has the name of a tool."]
        {
            #expect(refusal(of: request, detail).parameter == "tools")
        }
        #expect(refusal(of: request, "It takes no pictures.").parameter == nil)
    }
}
