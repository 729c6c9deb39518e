extension HTTPResponse {
    /// How much of a failed stream's body is read, in bytes: enough for any message.
    private static let messageLimit = 65_536
    /// The largest body that is read as a whole, in bytes.
    private static let bodyLimit = 256 << 20

    /// Whether the status is a success, 2xx.
    package var isSuccess: Bool {
        (200..<300).contains(status)
    }

    /// Whether the body is a stream of events.
    var isEventStream: Bool {
        header("content-type")?.lowercased().hasPrefix("text/event-stream") == true
    }

    /// How long the server asks to wait; nil when it does not say.
    var retryAfter: Duration? {
        header("retry-after").flatMap { RetryAfter($0, at: header("date"))?.duration }
    }

    /// The response with its body as it arrives, truncated to 64 KiB.
    func with(body chunks: ResponseChunks) async throws -> HTTPResponse {
        var response = self
        response.body = try await chunks.prefix(upTo: Self.messageLimit)
        return response
    }

    /// The response with its whole body.
    /// - Throws: `TransportFailure` when it is longer than 256 MiB.
    func with(wholeBody chunks: ResponseChunks) async throws -> HTTPResponse {
        var response = self
        response.body = try await chunks.prefix(upTo: Self.bodyLimit + 1)
        guard response.body.count <= Self.bodyLimit else {
            throw TransportFailure(.broken, "The answer is longer than \(Self.bodyLimit >> 20) MiB.")
        }
        return response
    }
}
