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
    /// An MLflow that did not answer, and has not been asked since; nil where it is among the servers, or is not wanted.
    var awaitedMLflow: MLflowServer?

    /// The number of requests sent so far, to all servers.
    var requestCount: Int {
        transports.map(\.count).reduce(0, +)
    }

    /// Connects to the required servers (by default those that the stack needs or has needed), and closes connections
    /// after the body.
    ///
    /// - Parameters:
    ///   - concurrency: How much the body does at a time; there are connections for all of it.
    ///   - withoutMLflow: What becomes of it where MLflow does not answer.
    static func open<Result: Sendable>(
        _ stack: Stack, _ options: ServerOptions, needs: Needs? = nil, concurrency: Int = 10,
        withoutMLflow: MLflowAbsence = .fails,
        _ body: @escaping @Sendable (Session) async throws -> Result
    ) async throws -> Result {
        var connector = StackConnector(
            stack, options, needs: needs ?? Kinds.standard.needs(of: stack.workflow), concurrency: concurrency)
        connector.withoutMLflow = withoutMLflow
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
