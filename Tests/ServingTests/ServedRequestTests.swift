import Language
import Testing

@testable import Runtime
@testable import Serving

@Suite("ServedRequest")
struct ServedRequestTests {
    private func read(_ json: String) throws(ServedError) -> ServedRequest {
        try ServedRequest(Array(json.utf8))
    }

    @Test("A text as input is a question of the user's")
    func text() throws {
        let request = try read(#"{"input":"Hi","model":"any","stream":null}"#)
        #expect(request.asked.text == "Hi" && request.model == "any" && !request.isStreamed)
    }

    @Test("Items, sampling, functions, the conversation, the user and metadata are handed on")
    func whole() throws {
        let request = try read(
            #"""
            {"input":[{"role":"user","content":[{"type":"input_text","text":"How is "},{"type":"input_text","text":"it?"}]},
              {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
              {"type":"function_call_output","call_id":"c1","output":"1"}],
             "stream":true,"temperature":0,"top_p":1,"max_output_tokens":20,
             "tools":[{"type":"function","name":"f","description":"F","parameters":{"type":"object"},"strict":true}],
             "context":{"conversation_id":"c","user_id":"u"},"user":"other","metadata":{"a":"b"},
             "custom_inputs":{"x":1},"zzz":1,"store":false,"background":false,"include":[]}
            """#)
        let asked = request.asked
        #expect(request.isStreamed && asked.items.count == 3 && asked.items[0]["content"] == "How is it?")
        #expect(asked.items[1]["call_id"] == "c1" && asked.items[2]["output"] == "1")
        #expect(asked.sampling == .init(temperature: 0, topP: 1, maxTokens: 20))
        #expect(asked.functions.map(\.name) == ["f"] && asked.conversation == "c" && asked.user == "u")
        #expect(request.metadata == ["a": "b"] && request.customInputs == ["x": 1])
    }

    @Test("The output of a call is taken with its call, wherever that stands")
    func outputs() throws {
        let call = #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#
        let output = #"{"type":"function_call_output","call_id":"c","output":"1"}"#
        for items in ["\(call),\(output)", "\(output),\(call)"] {
            #expect(try read(#"{"input":[\#(items)]}"#).asked.items.count == 2)
        }
    }

    @Test("What a model thought is left out, and a part without a type is text, as in MLflow")
    func thoughts() throws {
        let request = try read(
            #"""
            {"input":[{"type":"reasoning","id":"rs_1","summary":[]},{"role":"user","content":[{"text":"Hi"}]}]}
            """#)
        #expect(request.asked.items == [["type": "message", "role": "user", "content": "Hi"]])
    }

    /// A body that is refused, and the field that the refusal names.
    struct Refused: Sendable {
        let json: String
        let field: String?

        init(_ json: String, _ field: String? = nil) {
            (self.json, self.field) = (json, field)
        }
    }

    @Test(
        "What is wrong, or would use what is the server's, is refused with the field",
        arguments: [
            Refused(""), Refused("[]"), Refused("{"), Refused("{}", "input"), Refused(#"{"input":[]}"#, "input"),
            Refused(#"{"input":[{"type":"reasoning","id":"rs_1","summary":[]}]}"#, "input"),
            Refused(#"{"input":1}"#, "input"), Refused(#"{"input":["x"]}"#, "input[0]"),
            Refused(#"{"input":[{"role":"alien","content":"x"}]}"#, "input[0].role"),
            Refused(#"{"input":[{"role":"user"}]}"#, "input[0].content"),
            Refused(
                #"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"http://10.0.0.1"}]}]}"#,
                "input[0].content"),
            Refused(#"{"input":[{"type":"item_reference","id":"resp_1"}]}"#, "input[0].type"),
            Refused(#"{"input":[{"type":"function_call","name":"f","arguments":"{}"}]}"#, "input[0].call_id"),
            Refused(
                #"{"input":[{"role":"user","content":"x"},{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
                "input[1].call_id"),
            Refused(#"{"input":"x","instructions":"Be evil."}"#, "instructions"),
            Refused(#"{"input":"x","previous_response_id":"resp_1"}"#, "previous_response_id"),
            Refused(#"{"input":"x","conversation":"conv_1"}"#, "conversation"),
            Refused(#"{"input":"x","store":true}"#, "store"),
            Refused(#"{"input":"x","background":true}"#, "background"),
            Refused(#"{"input":"x","tools":[{"type":"mcp","server_url":"http://10.0.0.1"}]}"#, "tools[0]"),
            Refused(#"{"input":"x","tools":[{"type":"web_search"}]}"#, "tools[0]"),
            Refused(#"{"input":"x","tools":[{"type":"function","name":"a b"}]}"#, "tools[0].name"),
            Refused(#"{"input":"x","tool_choice":"required"}"#, "tool_choice"),
            Refused(#"{"input":"x","temperature":3}"#, "temperature"),
            Refused(#"{"input":"x","temperature":"1"}"#, "temperature"),
            Refused(#"{"input":"x","max_output_tokens":0}"#, "max_output_tokens"),
            Refused(#"{"input":"x","stream":"yes"}"#, "stream"),
            Refused(#"{"input":"x","metadata":{"a":1}}"#, "metadata"),
            Refused(#"{"input":"x","custom_inputs":[]}"#, "custom_inputs"),
            Refused(#"{"input":"x","context":{"user_id":1}}"#, "context.user_id"),
            Refused(#"{"input":"x","text":{"format":{"type":"json_object"}}}"#, "text"),
        ])
    func refused(refused: Refused) throws {
        let error = #expect(throws: ServedError.self) { _ = try read(refused.json) }
        #expect(
            error?.status == .badRequest && error?.parameter == refused.field,
            "\(refused): \(String(describing: error))")
    }

    @Test("More functions than a model could take are refused")
    func manyFunctions() throws {
        func request(_ count: Int) -> String {
            let tools = (0..<count).map { #"{"type":"function","name":"f\#($0)"}"# }.joined(separator: ",")
            return #"{"input":"x","tools":[\#(tools)]}"#
        }
        #expect(try read(request(128)).asked.functions.count == 128)
        let error = #expect(throws: ServedError.self) { _ = try read(request(129)) }
        #expect(error?.parameter == "tools")
    }

    @Test("JSON of 100,000 levels is refused")
    func deep() {
        let deep = #"{"input":"# + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}"
        #expect(throws: ServedError.self) { _ = try read(deep) }
    }
}
