import AsyncHTTPClient
import NIOPosix
import Synchronization

/// The HTTP clients of one configuration: one for each event loop whose tasks ask (`LoopExecutor`), so that answers
/// come on the thread that waits for them, and one for all other tasks.
final class LoopClients: Sendable {
    private let configuration: HTTPClient.Configuration
    private let shared: HTTPClient
    private let isSpread: Bool
    /// By event loop; nil once they are shut down.
    private let clients = Mutex<[ObjectIdentifier: HTTPClient]?>([:])

    /// - Parameter isSpread: Whether there may be as many connections for each event loop as for all together.
    init(_ configuration: HTTPClient.Configuration, isSpread: Bool) {
        self.configuration = configuration
        self.isSpread = isSpread
        shared = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// The client for the present task.
    var here: HTTPClient {
        guard isSpread, let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return shared }
        return clients.withLock { clients in
            let key = ObjectIdentifier(loop)
            // Who asks too late is refused by the one that is shut down, and leaves none that would have to be.
            guard let known = clients else { return shared }
            if let client = known[key] { return client }
            let client = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: configuration)
            clients?[key] = client
            return client
        }
    }

    /// Closes all connections. Nothing may be asked any more.
    func shutDown() async {
        let spread = clients.withLock { clients in
            defer { clients = nil }
            return clients.map { Array($0.values) } ?? []
        }
        for client in [shared] + spread {
            do {
                try await client.shutdown()
            } catch {
                continue  // An error while closing has no consequence.
            }
        }
    }
}
