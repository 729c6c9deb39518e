import FoundationEssentials

/// The request that follows a redirect. The rules are those of curl: a `POST` that is answered with 301, 302 or 303
/// becomes a `GET`, and so does any other method with 303; 307 and 308 keep everything. Another origin gets neither
/// credentials nor any of the caller's headers, which may contain some.
struct Redirection {
    /// The maximum number of redirects, as in libcurl and Python's requests.
    static let most = 30
    private static let statuses: Set = [301, 302, 303, 307, 308]
    private static let harmless: Set = ["accept", "accept-language", "content-type", "user-agent"]

    let request: HTTPRequest

    /// nil when the response is not a redirect.
    /// - Throws: `TransportFailure` when it names no target, or one that is not a web address.
    init?(of request: HTTPRequest, by response: HTTPResponse) throws {
        guard Self.statuses.contains(response.status) else { return nil }
        guard let location = response.header("location"), !location.isEmpty else {
            throw TransportFailure(
                .broken, "it redirects without saying where to (status \(response.status), no `location`)")
        }
        guard let from = URL(string: request.url), let target = URL(string: location, relativeTo: from)?.absoluteURL,
            ["http", "https"].contains(target.scheme?.lowercased()), target.host() != nil,
            WebAddress.hasPossiblePort(target.absoluteString)
        else {
            throw TransportFailure(.broken, "it redirects to `\(WebAddress.shown(location))`, which is no web address")
        }
        var next = request
        next.url = String(target.absoluteString.prefix { $0 != "#" })
        if response.status == 303 || request.method == .post && response.status < 303 {
            next.method = .get
            next.body = nil
            next.headers.removeAll { $0.name.lowercased().hasPrefix("content-") }
        }
        if Self.origin(of: target) != Self.origin(of: from) {
            next.authorization = nil
            next.secretHeaders = []
            next.headers.removeAll { !Self.harmless.contains($0.name.lowercased()) }
        }
        self.request = next
    }

    static func endless(at last: HTTPRequest) -> TransportFailure {
        TransportFailure(.broken, "it redirects more than \(most) times, last to `\(WebAddress.shown(last.url))`")
    }

    private static func origin(of url: URL) -> [String] {
        let scheme = url.scheme?.lowercased() ?? ""
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        return [scheme, url.host()?.lowercased() ?? "", String(port)]
    }
}

extension HTTPTransport {
    /// Like `stream`, but follows redirects: `read` gets the first response that is not one.
    ///
    /// - Throws: `TransportFailure` also when a redirect leads to something that is not a web address, or there are
    ///   more than 30.
    package func streamFollowing<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        var next = request
        for _ in 0...Redirection.most {
            let sent = next
            let step: Step<Result> = try await stream(sent) { head, chunks in
                if let redirection = try Redirection(of: sent, by: head) { return .redirected(redirection.request) }
                return .read(try await read(head, chunks))
            }
            switch step {
            case .redirected(let request): next = request
            case .read(let result): return result
            }
        }
        throw Redirection.endless(at: next)
    }
}

private enum Step<Result: Sendable>: Sendable {
    case redirected(HTTPRequest)
    case read(Result)
}
