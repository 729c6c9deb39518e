import Language

/// The shapes of a Responses stream, as far as they are used (Llama Stack 0.2.24 to OGX 1.5).
enum ResponsesFrame {
    struct Response {
        struct Usage: Decodable {
            let input_tokens: Int
            let output_tokens: Int
            /// `{"cached_tokens": 0}` and `{"reasoning_tokens": 0}`; what is neither is as good as nothing.
            let input_tokens_details: Value?
            let output_tokens_details: Value?

            var reported: Answer.Usage? {
                Answer.Usage(
                    reported: input_tokens, cached: input_tokens_details?["cached_tokens"]?.integer, output_tokens,
                    reasoning: output_tokens_details?["reasoning_tokens"]?.integer)
            }
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

    /// One item of the output: a message, or a call of a tool.
    struct Item {
        struct Content {
            let text: String?
            let refusal: String?
            let annotations: [Annotation]?
        }

        struct Annotation {
            let type: String?
            let filename: String?
        }

        struct Passage {
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

extension ResponsesFrame.Response {
    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        id = try fields.text("id")
        status = try fields.text("status")
        output = try fields.objects("output", ResponsesFrame.Item.init)
        usage = try fields.object("usage", Usage.init)
        error = try fields.object("error", ResponsesFrame.ErrorBody.init)
        incomplete_details = try fields.object("incomplete_details") { details throws(ObjectFields.Mismatch) in
            Incompleteness(reason: try details.text("reason"))
        }
    }
}

extension ResponsesFrame.Response.Usage {
    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        input_tokens = try fields.integer("input_tokens").needed()
        output_tokens = try fields.integer("output_tokens").needed()
        input_tokens_details = fields.value("input_tokens_details")
        output_tokens_details = fields.value("output_tokens_details")
    }
}

extension ResponsesFrame.ErrorBody {
    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        self.init(code: fields.value("code"), message: try fields.text("message"))
    }
}

extension ResponsesFrame.Item {
    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        type = try fields.text("type").needed()
        content = try fields.objects("content", Content.init)
        call_id = try fields.text("call_id")
        name = try fields.text("name")
        server_label = try fields.text("server_label")
        arguments = try fields.text("arguments")
        output = fields.value("output")
        error = fields.value("error")
        queries = try fields.texts("queries")
        results = try fields.objects("results", Passage.init)
        status = try fields.text("status")
    }
}

extension ResponsesFrame.Item.Content {
    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        text = try fields.text("text")
        refusal = try fields.text("refusal")
        annotations = try fields.objects("annotations") { annotation throws(ObjectFields.Mismatch) in
            ResponsesFrame.Item.Annotation(
                type: try annotation.text("type"), filename: try annotation.text("filename"))
        }
    }
}

extension ResponsesFrame.Item.Passage {
    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        let attributes = fields.value("attributes")
        guard attributes == nil || attributes?.object != nil else { throw ObjectFields.Mismatch() }
        self.attributes = attributes?.object
        filename = try fields.text("filename")
        score = try fields.double("score")
        text = try fields.text("text")
    }
}
