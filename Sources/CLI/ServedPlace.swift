import ArgumentParser
import Language
import Wire

/// The address of a served agent, and its credentials: `DROVER_SERVED_TOKEN`, or `DROVER_SERVED_USERNAME` and
/// `DROVER_SERVED_PASSWORD`.
struct ServedPlace: Sendable {
    private let url: String
    private let environment: [String: String]

    /// - Throws: `ValidationError` when the address cannot be used.
    init(_ url: String, environment: [String: String]) throws {
        if let problem = WebAddress.problem(in: url) {
            throw ValidationError("--url cannot be used: \(problem).")
        }
        self.url = url
        self.environment = environment
    }

    /// The address, without what may be a secret in it.
    var shown: String { WebAddress.shown(url) }

    /// Runs a body with the agent, and closes the connections afterwards.
    /// - Parameter concurrency: How many questions are asked at a time.
    func withAgent<Result: Sendable>(
        concurrency: Int = 1, _ body: @Sendable (ServedAgent) async throws -> Result
    ) async throws -> Result {
        let tls = TLSOptions(caFile: environment["SSL_CERT_FILE"])
        return try await AsyncHTTPTransport.withTransport(
            tls: tls, proxies: .init(environment), connections: AsyncHTTPTransport.connections(for: concurrency)
        ) { transport in
            let endpoint = Endpoint(
                service: ServedAgent.service, base: url, transport: transport, authorization: authorization)
            return try await body(ServedAgent(endpoint))
        }
    }

    private var authorization: Secret? {
        let set = environment.filter { !$0.value.isEmpty }
        if let user = set["DROVER_SERVED_USERNAME"], let password = set["DROVER_SERVED_PASSWORD"] {
            return .basic(user: user, password: Secret(password))
        }
        return set["DROVER_SERVED_TOKEN"].map { .bearer(Secret($0)) }
    }
}
