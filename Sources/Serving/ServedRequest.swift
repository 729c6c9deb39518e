import Language
import Runtime

/// A request to a served agent, checked: a ResponsesAgent request of MLflow, as clients of OpenAI's Responses API write it,
/// too.
///
///     {"input": [{"role": "user", "content": "Do you ship abroad?"}], "stream": true,
///      "context": {"conversation_id": "c-1", "user_id": "alice"}}
///
/// What would spend the credentials of this server, reach what is somebody else's, or be dropped is refused. Fields that
/// nobody knows are ignored, as by MLflow's servers.
struct ServedRequest: Sendable {
    /// Which of several agents is meant.
    let model: String?
    let isStreamed: Bool
    let asked: AgentRequest
    /// Texts of the caller's own, which the answer repeats.
    let metadata: [String: Value]
    /// Shown in the trace.
    let customInputs: Value?

    /// - Throws: `ServedError` for the first mistake.
    init(_ bytes: some Collection<UInt8>) throws(ServedError) {
        let fields = try Self.object(bytes)
        try RefusedFields.check(fields)
        model = try fields.text("model")
        isStreamed = try fields.flag("stream") ?? false
        metadata = try Self.metadata(fields)
        customInputs = try fields.map("custom_inputs").map(Value.object)
        var asked = AgentRequest(items: try ServedInput.items(fields.present("input")))
        asked.sampling = try Self.sampling(fields)
        asked.functions = try ServedFunctions.read(fields.present("tools"))
        let context = try fields.map("context") ?? [:]
        asked.conversation = try context.text("conversation_id", in: "context")
        asked.user = try context.text("user_id", in: "context")
        if asked.user == nil { asked.user = try fields.text("user") }
        self.asked = asked
    }

    private static func object(_ bytes: some Collection<UInt8>) throws(ServedError) -> [String: Value] {
        guard let value = try? Value(json: bytes) else {
            let problem = Value.problem(inJSON: bytes).map { " \($0)" } ?? ""
            throw .invalid("The body is not JSON.\(problem)")
        }
        guard let fields = value.object else { throw .invalid("The body is no object.") }
        return fields
    }

    private static func metadata(_ fields: [String: Value]) throws(ServedError) -> [String: Value] {
        let metadata = try fields.map("metadata") ?? [:]
        guard metadata.values.allSatisfy({ $0.string != nil }) else {
            throw .invalid("`metadata` holds texts only.", at: "metadata")
        }
        return metadata
    }

    private static func sampling(_ fields: [String: Value]) throws(ServedError) -> AgentDefinition.Sampling {
        var sampling = AgentDefinition.Sampling()
        sampling.temperature = try fields.number("temperature", in: 0...2)
        sampling.topP = try fields.number("top_p", in: 0...1)
        if let tokens = fields.present("max_output_tokens") {
            guard let count = tokens.integer, count > 0 else {
                throw .invalid("`max_output_tokens` is a whole number from 1 on.", at: "max_output_tokens")
            }
            sampling.maxTokens = count
        }
        return sampling
    }
}

/// Fields of an object of a request. `null` is as good as nothing.
extension [String: Value] {
    func present(_ name: String) -> Value? {
        self[exactly: name].flatMap { $0 == .null ? nil : $0 }
    }

    func text(_ name: String, in parent: String? = nil) throws(ServedError) -> String? {
        guard let value = present(name) else { return nil }
        guard let text = value.string else { throw .wrong(name, in: parent, "a text") }
        return text
    }

    func flag(_ name: String) throws(ServedError) -> Bool? {
        guard let value = present(name) else { return nil }
        guard let flag = value.bool else { throw .wrong(name, in: nil, "true or false") }
        return flag
    }

    func map(_ name: String) throws(ServedError) -> [String: Value]? {
        guard let value = present(name) else { return nil }
        guard let fields = value.object else { throw .wrong(name, in: nil, "an object") }
        return fields
    }

    fileprivate func number(_ name: String, in range: ClosedRange<Double>) throws(ServedError) -> Double? {
        guard let value = present(name) else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw .wrong(name, in: nil, "a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
        }
        return number
    }
}

extension ServedError {
    /// A field that holds something else than it has to.
    static func wrong(_ name: String, in parent: String?, _ expected: String) -> ServedError {
        let path = parent.map { "\($0).\(name)" } ?? name
        return .invalid("`\(path)` is \(expected).", at: path)
    }
}
