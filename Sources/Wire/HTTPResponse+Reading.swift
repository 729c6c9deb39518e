import FoundationEssentials

extension HTTPResponse {
    /// The most of a failed stream's body that is read: enough for any message.
    private static let messageLimit = 65_536

    /// Whether the status is a success, 2xx.
    package var isSuccess: Bool {
        (200..<300).contains(status)
    }

    /// How long the server asks to wait, `Retry-After: 3`; nil when it does not say, or says a date.
    var retryAfter: Duration? {
        guard let seconds = header("retry-after").flatMap({ Double($0) }), seconds >= 0, seconds.isFinite else {
            return nil
        }
        return .seconds(seconds)
    }

    /// The response with what arrives as its body, cut where no message would be longer.
    func with(body chunks: any AsyncSequence<[UInt8], any Error>) async throws -> HTTPResponse {
        var response = self
        for try await chunk in chunks {
            response.body += chunk
            guard response.body.count < Self.messageLimit else { break }
        }
        return response
    }
}
