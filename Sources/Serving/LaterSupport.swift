/// What this server does not do yet, and says so: answers in the background, what is stored, WebSocket, signed tokens.
extension ServedError {
    /// - Parameter what: The beginning of a sentence: `Answers in the background are`.
    private static func later(_ what: String, _ instead: String) -> ServedError {
        ServedError(.badRequest, code: "not_yet_supported", "\(what) not yet supported. \(instead)")
    }

    static let webSocket = later(
        "WebSocket connections are", "Ask with POST and `\"stream\": true` for server-sent events.")
    static let signedToken = ServedError(
        .unauthorized, code: "not_yet_supported",
        "Signed tokens (JWT) are not yet supported. Use one of the tokens that this server was given.")

    /// What clients of OpenAI's API find under paths that no route has.
    init?(laterAt path: String) {
        let parts = path.split(separator: "/").drop { $0 == "v1" }
        switch parts.first {
        case "responses" where parts.count > 1:
            self = .later("Stored responses are", "Send what was said before as `input`.")
        case "conversations":
            self = .later("Stored conversations are", "Send what was said before as `input`.")
        case _: return nil
        }
    }
}
