import NIOCore
import Synchronization

/// The open connections of clients, so that a request learns when its client has gone.
final class Connections: Sendable {
    private let open = Mutex<[ObjectIdentifier: Connection]>([:])

    /// How many there are.
    var count: Int {
        open.withLock { $0.count }
    }

    subscript(_ channel: any Channel) -> Connection? {
        open.withLock { $0[ObjectIdentifier(channel)] }
    }

    /// A handler that watches a connection, from when it is added to its pipeline.
    func watcher() -> any RemovableChannelHandler {
        ConnectionWatcher(self)
    }

    fileprivate func add(_ connection: Connection, _ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = connection }
    }

    fileprivate func remove(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = nil }
    }
}

/// One connection of a client.
final class Connection: Sendable {
    private struct State {
        var isGone = false
        var lastID = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Whether the client has closed its side: nobody reads what is answered.
    var isGone: Bool {
        state.withLock { $0.isGone }
    }

    /// Returns when the client has gone, or the task is cancelled.
    func untilGone() async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard !state.isGone, !Task.isCancelled else { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }

    /// The client has gone, or cannot be written to.
    func end() {
        let waiting = state.withLock { state in
            state.isGone = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// Tells a connection that its client has closed it, or its side of it.
private final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let connections: Connections
    private let connection = Connection()

    init(_ connections: Connections) {
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        connections.add(connection, context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        connection.end()
        connections.remove(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connection.end() }
        context.fireUserInboundEventTriggered(event)
    }
}
