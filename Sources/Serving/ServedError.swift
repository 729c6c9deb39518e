import Language

/// Why a request is not answered, as its caller is told: in words of our own, never those of a server behind.
///
/// One shape for all clients: `error` for those of OpenAI's API, `error_code` and `message` for those of `mlflow models
/// serve`, `detail` for those of MLflow's AgentServer.
///
///     {"detail":"…","error":{"code":"invalid_request","message":"…","param":"input","type":"invalid_request_error"},
///      "error_code":"INVALID_PARAMETER_VALUE","message":"…","request_id":"req_9f…"}
struct ServedError: Error, Sendable, Hashable {
    enum Status: Int, Sendable {
        case badRequest = 400
        case unauthorized = 401
        case forbidden = 403
        case notFound = 404
        case methodNotAllowed = 405
        case timedOutReading = 408
        case tooLarge = 413
        case unsupportedType = 415
        case tooMany = 429
        case headTooLarge = 431
        case unexpected = 500
        case unknownCoding = 501
        case failedUpstream = 502
        case unavailable = 503
        case expired = 504
    }

    let status: Status
    /// For programs: `invalid_request`, `rate_limit_exceeded`.
    let code: String
    let message: String
    /// The field of the request that is meant.
    let parameter: String?
    /// When to try again, in seconds.
    var retryAfter: Int?
    /// The method that the route takes.
    var allowed: String?

    init(_ status: Status, code: String, _ message: String, at parameter: String? = nil, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter
        self.retryAfter = retryAfter
    }

    /// A request that is not as it has to be.
    static func invalid(_ message: String, at parameter: String? = nil) -> ServedError {
        ServedError(.badRequest, code: "invalid_request", message, at: parameter)
    }

    /// A part of a request that this server does not do.
    static func unsupported(_ message: String, at parameter: String) -> ServedError {
        ServedError(.badRequest, code: "unsupported_parameter", message, at: parameter)
    }

    /// A page of another server: a browser sends whatever any page says, to servers that only this machine reaches, too.
    static let foreignOrigin = ServedError(
        .forbidden, code: "foreign_origin", "A web page of another server may not ask without a token.")

    static let noRoute = ServedError(.notFound, code: "not_found", "There is no such route.")

    /// A route that takes another method.
    static func method(_ allowed: String) -> ServedError {
        var error = ServedError(.methodNotAllowed, code: "method_not_allowed", "This route takes \(allowed).")
        error.allowed = allowed
        return error
    }

    func body(requestID: String) -> Value {
        let error: Value = [
            "code": .string(code), "message": .string(message), "param": parameter.map(Value.string) ?? .null,
            "type": .string(type),
        ]
        return [
            "error": error, "error_code": .string(mlflowCode), "message": .string(message),
            "detail": .string(message), "request_id": .string(requestID),
        ]
    }

    /// What OpenAI's API calls the kind of error.
    private var type: String {
        switch status {
        case .badRequest, .notFound, .methodNotAllowed, .timedOutReading, .tooLarge, .unsupportedType, .headTooLarge,
            .unknownCoding:
            "invalid_request_error"
        case .unauthorized: "authentication_error"
        case .forbidden: "permission_error"
        case .tooMany: "rate_limit_error"
        case .unexpected, .failedUpstream, .unavailable, .expired: "server_error"
        }
    }

    private var mlflowCode: String {
        switch status {
        case .badRequest: "INVALID_PARAMETER_VALUE"
        case .timedOutReading, .tooLarge, .unsupportedType, .headTooLarge: "BAD_REQUEST"
        case .unauthorized: "UNAUTHENTICATED"
        case .forbidden: "PERMISSION_DENIED"
        case .notFound: parameter == nil ? "ENDPOINT_NOT_FOUND" : "RESOURCE_DOES_NOT_EXIST"
        case .methodNotAllowed: "ENDPOINT_NOT_FOUND"
        case .tooMany: "REQUEST_LIMIT_EXCEEDED"
        case .unexpected: "INTERNAL_ERROR"
        case .unknownCoding: "NOT_IMPLEMENTED"
        case .failedUpstream, .unavailable, .expired: "TEMPORARILY_UNAVAILABLE"
        }
    }
}
