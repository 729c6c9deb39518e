package import Language
package import Wire

/// Calls a function by a request with the arguments as a JSON object: in the body, or, with `GET` and `DELETE`, in the
/// query (what is not text as JSON). Redirects are followed. Any success status is a result; the body is what the model
/// is told.
package struct HTTPFunction: FunctionHandler {
    package var url: String
    package var method: HTTPRequest.Method
    package var headers: [(name: String, value: String)]
    /// Their values are removed from the answer.
    package var secretHeaders: [(name: String, value: Secret)]
    /// For the whole call, or between two pieces of the answer.
    package var timeout: Duration
    private let transport: any HTTPTransport

    package init(
        url: String, method: HTTPRequest.Method = .post, headers: [(name: String, value: String)] = [],
        secretHeaders: [(name: String, value: Secret)] = [], timeout: Duration = .seconds(30),
        transport: any HTTPTransport
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.secretHeaders = secretHeaders
        self.timeout = timeout
        self.transport = transport
    }

    package func call(_ arguments: Value) async throws -> String {
        let sent = SentSecrets()
        for header in secretHeaders { sent.add(header.value) }
        do {
            return try await transport.streamFollowing(request(arguments)) { head, chunks in
                let body = try await Self.text(of: chunks, as: head.header("content-type"))
                guard head.isSuccess else {
                    let said = sent.cleared(message: body).prefix(500)
                    throw FunctionFailure("The function answered with status \(head.status): \(said)")
                }
                return sent.cleared(body)
            }
        } catch let failure as TransportFailure {
            throw FunctionFailure("The function could not be called: \(sent.cleared(message: failure.message))")
        }
    }

    private func request(_ arguments: Value) -> HTTPRequest {
        var request = HTTPRequest(
            method, url, headers: [("accept", "application/json, text/plain, */*")] + headers,
            secretHeaders: secretHeaders, timeout: timeout)
        switch method {
        case .get, .delete:
            let pairs = (arguments.object ?? [:]).sorted { $0.key < $1.key }.map {
                (name: $0.key, value: $0.value.interpolated)
            }
            let query = PercentEncoding.query(pairs)
            request.url += url.contains("?") ? query.replacing("?", with: "&", maxReplacements: 1) : query
        case .post, .put, .patch:
            request.headers.append(("content-type", "application/json"))
            request.body = .bytes(Array(arguments.canonicalJSON.utf8))
        }
        return request
    }

    private static func text(of chunks: ResponseChunks, as contentType: String?) async throws -> String {
        let bytes = try await chunks.prefix(upTo: functionOutputLimit + 1)
        guard bytes.count <= functionOutputLimit else {
            throw FunctionFailure("The function's answer is longer than \(functionOutputLimit >> 10) KiB.")
        }
        guard let name = Charset.name(in: contentType) else { return String(decoding: bytes, as: UTF8.self) }
        guard var charset = Charset(name) else {
            throw FunctionFailure("The function's answer is in the charset `\(name)`, which is not known here.")
        }
        return String(decoding: charset.utf8(bytes, isLast: true), as: UTF8.self)
    }
}
