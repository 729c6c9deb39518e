import Engine
import Kinds
import Language
import Wire

/// A stack, connected to its servers.
struct Session: Sendable {
    let workflow: Workflow
    let servers: Servers
    let locations: [ConnectedServer]
    let drivers: [any Driver]
    let store: any RecordStore
    /// Where the record and the lock are kept.
    let place: RecordPlace
    /// Asked before each request that changes something.
    let gate: LeaseGate
    let transports: [CountingTransport]
    /// The SHA-256 of the sources, in the order in which they were read.
    let specDigest: String
    /// The spec as it was read.
    let root: Node
    /// What the record keeps.
    let recordSpec: RecordSpec?
    /// The environment for programs that ask the same servers with their own clients, as `Connector` makes it.
    let clientEnvironment: @Sendable (_ certificateAt: String) throws -> [String: String]
    /// What tells the servers at hand from others.
    let identities: Once<ServerIdentities>

    /// The number of requests sent so far, to all servers.
    var requestCount: Int {
        transports.map(\.count).reduce(0, +)
    }

    /// Connects to the required servers (by default those that the stack needs or has needed), and closes connections
    /// after the body.
    ///
    /// - Parameters:
    ///   - concurrency: How much the body does at a time; there are connections for all of it.
    ///   - mlflowMayBeAway: Whether the body runs also where MLflow does not answer; then it has none.
    static func open<Result: Sendable>(
        _ stack: Stack, _ options: ServerOptions, needs: Needs? = nil, concurrency: Int = 10,
        mlflowMayBeAway: Bool = false,
        _ body: @escaping @Sendable (Session) async throws -> Result
    ) async throws -> Result {
        var connector = StackConnector(
            stack, options, needs: needs ?? Kinds.standard.needs(of: stack.workflow), concurrency: concurrency)
        connector.mlflowMayBeAway = mlflowMayBeAway
        return try await stack.telling { [connector] in
            try await connector.servers.withTransports { transports in
                try await body(
                    try await Interruption.reading {
                        try await connector.connect(transports, asRecorded: needs == nil)
                    })
            }
        }
    }
}
