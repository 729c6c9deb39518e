import Language

/// The shapes of a Responses stream, as far as they are used (Llama Stack 0.2.24 to OGX 1.5).
enum ResponsesFrame {
    struct Delta: Decodable {
        let delta: String
        /// Of the message that it belongs to.
        let item_id: String?
    }

    struct ItemChange: Decodable {
        let item: Item
    }

    struct Whole: Decodable {
        let response: Response
    }

    struct Response: Decodable {
        struct Usage: Decodable {
            let input_tokens: Int
            let output_tokens: Int
        }

        struct Incompleteness: Decodable {
            let reason: String?
        }

        let id: String?
        let status: String?
        let output: [Item]?
        let usage: Usage?
        let error: ErrorBody?
        let incomplete_details: Incompleteness?
    }

    /// An `error` object: `{"code": …, "message": …}`.
    struct ErrorBody: Decodable {
        let code: Value?
        let message: String?
    }

    /// `{"type":"error","code":…,"message":…}` on OGX, `{"error":{…}}` before.
    struct ErrorFrame: Decodable {
        let code: Value?
        let message: String?
        let error: ErrorBody?
    }

    /// One item of the output: a message, or a call of a tool.
    struct Item: Decodable {
        struct Content: Decodable {
            let text: String?
            let refusal: String?
            let annotations: [Annotation]?
        }

        struct Annotation: Decodable {
            let type: String?
            let filename: String?
        }

        struct Passage: Decodable {
            let attributes: [String: Value]?
            let filename: String?
            let score: Double?
            let text: String?
        }

        let type: String
        let content: [Content]?
        let call_id: String?
        let name: String?
        let server_label: String?
        let arguments: String?
        /// Text, or parts of it.
        let output: Value?
        let error: Value?
        let queries: [String]?
        let results: [Passage]?
        let status: String?
    }
}
