import Language

/// Reads the chunks of a chat completion into text and, at its end, what one model call gave. Pure: time is a
/// parameter.
///
/// The servers end the stream after the last chunk; what others send there (`[DONE]`) is skipped.
struct ChatReader {
    /// An error frame, or a chunk that cannot be read: nothing is known about the answer.
    struct Failure: Error, Hashable {
        var code: String?
        var message: String
    }

    private(set) var text = ""
    /// Whether the text is a refusal instead of an answer.
    private(set) var refuses = false
    private(set) var timeToFirstToken: Duration?
    private(set) var usage: Answer.Usage?
    /// Why the model stopped; nil while it speaks.
    private(set) var reason: String?
    private var pieces: [Int: FunctionCall] = [:]

    /// The calls that the model asks for, in its order.
    var calls: [FunctionCall] {
        pieces.sorted { $0.key < $1.key }.map(\.value)
    }

    private struct Chunk: Decodable {
        struct Choice: Decodable {
            let delta: Delta?
            let finish_reason: String?
        }

        struct Delta: Decodable {
            let content: String?
            let refusal: String?
            let tool_calls: [Piece]?
        }

        struct Piece: Decodable {
            struct Function: Decodable {
                let name: String?
                let arguments: String?
            }

            let index: Int?
            let id: String?
            let function: Function?
        }

        struct Usage: Decodable {
            let prompt_tokens: Int
            let completion_tokens: Int
            /// `{"cached_tokens": 0}` and `{"reasoning_tokens": 0}`; what is neither is as good as nothing.
            let prompt_tokens_details: Value?
            let completion_tokens_details: Value?

            var reported: Answer.Usage? {
                Answer.Usage(
                    reported: prompt_tokens, cached: prompt_tokens_details?["cached_tokens"]?.integer,
                    completion_tokens, reasoning: completion_tokens_details?["reasoning_tokens"]?.integer)
            }
        }

        struct ErrorBody: Decodable {
            let code: Value?
            let message: String?
        }

        let choices: [Choice]?
        let usage: Usage?
        let error: ErrorBody?
    }

    /// Takes one chunk that arrived some time after the question was put.
    ///
    /// - Returns: the piece of text in it, nil when there is none.
    mutating func read(_ chunk: String, at time: Duration) throws(Failure) -> String? {
        guard chunk != "[DONE]" else { return nil }
        guard let decoded = try? Value(json: chunk.utf8).decoded(as: Chunk.self) else {  // Told below.
            throw Failure(message: "The server sent something that cannot be read: \(chunk.prefix(200))")
        }
        if let error = decoded.error {
            let code = error.code.flatMap { $0 == .null ? nil : $0.interpolated }
            throw Failure(code: code, message: error.message ?? "The server sent an error without words.")
        }
        if let told = decoded.usage { usage = told.reported }
        guard let choice = decoded.choices?.first else { return nil }
        reason = choice.finish_reason ?? reason
        for piece in choice.delta?.tool_calls ?? [] { add(piece) }
        let refusal = choice.delta?.refusal.flatMap { $0.isEmpty ? nil : $0 }
        if refusal != nil { refuses = true }
        guard let text = refusal ?? choice.delta?.content, !text.isEmpty else { return nil }
        timeToFirstToken = timeToFirstToken ?? time
        self.text += text
        return text
    }

    private mutating func add(_ piece: Chunk.Piece) {
        let index = piece.index ?? pieces.count
        var call = pieces[index] ?? FunctionCall(id: "", name: "", arguments: "")
        call.id = piece.id ?? call.id
        call.name += piece.function?.name ?? ""
        call.arguments += piece.function?.arguments ?? ""
        pieces[index] = call
    }
}
