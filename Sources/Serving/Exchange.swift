import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import Wire

/// One request and what is to be said of it in every answer and in the log.
struct Exchange: Sendable {
    /// The client's own `x-request-id`, if it is fit to be one; else a new one.
    let id: String
    let method: String
    /// Without the query.
    let path: String
    /// The length of the body as the client tells it, in bytes; nil where it tells none before its end.
    let length: Int?
    /// The protocols that the client would rather speak, in small letters; nil for none.
    let upgrade: String?
    /// Whether the body has been taken in, to its end.
    var isRead = false
    let begun = ContinuousClock.now

    init(_ request: Request) {
        method = request.method.rawValue
        path = request.uri.path
        let told = request.headers[.contentLength].flatMap(Int.init)
        length = request.headers[.transferEncoding] == nil ? told ?? 0 : nil
        upgrade = request.headers[.upgrade]?.lowercased()
        let own = request.headers[.requestID]
        let isFit = own?.wholeMatch(of: /[A-Za-z0-9._\-]{1,64}/) != nil
        id = isFit ? own ?? "" : Self.newID()
    }

    /// One that cannot be read: nothing is known of it.
    init() {
        (id, method, path, length, upgrade) = (Self.newID(), "", "", nil, nil)
    }

    private static func newID() -> String {
        "req_\(TraceID.random().hexadecimal)"
    }

    /// How long it has taken so far.
    var elapsed: Duration {
        begun.duration(to: .now)
    }
}

extension HTTPField.Name {
    static let requestID = Self.known("x-request-id")
    static let accelBuffering = Self.known("x-accel-buffering")

    /// A name that is spelled right.
    static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("`\(name)` is no name of a header.") }
        return name
    }
}
