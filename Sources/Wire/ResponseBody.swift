import Language

/// Decodes JSON bodies, and explains what is wrong with one in words that a user understands.
enum ResponseBody {
    static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        try Value(json: bytes).decoded()
    }

    /// A sentence about why a body could not be read.
    static func problem(_ error: any Error, in response: HTTPResponse) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            "The answer has no field `\(path(context.codingPath + [key]))`."
        case DecodingError.valueNotFound(_, let context):
            "The answer has no value in the field `\(path(context.codingPath))`."
        case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty:
            "The answer has an unexpected kind of value in the field `\(path(context.codingPath))`."
        case DecodingError.typeMismatch:
            "The answer is JSON of an unexpected shape."
        case _ where response.body.isEmpty:
            "The answer is empty."
        case _ where ServerMessage.isHTML(response):
            "The answer is a web page\(title(response)), not JSON."
        case _:
            "The answer is not JSON."
        }
    }

    private static func title(_ response: HTTPResponse) -> String {
        let text = ServerMessage(response).text
        return text.isEmpty ? "" : " (\(text.prefix(80)))"
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}
