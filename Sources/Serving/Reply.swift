import HTTPTypes
import HummingbirdCore
import Language
import NIOCore

/// A whole answer to a request.
struct Reply: Sendable {
    var status: Int
    var contentType: String
    var body: ByteBuffer
    var headers: HTTPFields = [:]

    static func json(_ value: Value, status: Int = 200) -> Reply {
        Reply(status: status, contentType: "application/json", body: ByteBuffer(string: value.canonicalJSON))
    }

    static func text(_ text: String, _ contentType: String = "text/plain; charset=utf-8") -> Reply {
        Reply(status: 200, contentType: contentType, body: ByteBuffer(string: text))
    }

    static func error(_ error: ServedError, requestID: String) -> Reply {
        var reply = json(error.body(requestID: requestID), status: error.status.rawValue)
        if let seconds = error.retryAfter { reply.headers[.retryAfter] = String(seconds) }
        if let method = error.allowed { reply.headers[.allow] = method }
        if error.status == .unauthorized { reply.headers[.wwwAuthenticate] = "Bearer" }
        return reply
    }
}
