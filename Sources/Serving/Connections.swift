import NIOCore
import Synchronization
import Wire

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

    /// Ends what is being answered on each, so that its client is told.
    func stopAll() {
        for connection in open.withLock({ Array($0.values) }) { connection.stop() }
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
        var isStopped = false
        var alarms: [ObjectIdentifier: Alarm] = [:]
    }

    private let state = Mutex(State())

    /// Whether the client has closed its side: nobody reads what is answered.
    var isGone: Bool {
        state.withLock { $0.isGone }
    }

    /// Whether what is being answered is to end, because this server is being stopped.
    var isStopped: Bool {
        state.withLock { $0.isStopped }
    }

    /// Ends an alarm when the client has gone, or the server is being stopped.
    func add(_ alarm: Alarm) {
        let isOver = state.withLock { state in
            guard !state.isGone, !state.isStopped else { return true }
            state.alarms[ObjectIdentifier(alarm)] = alarm
            return false
        }
        if isOver { alarm.end(isLate: true) }
    }

    func remove(_ alarm: Alarm) {
        state.withLock { _ = $0.alarms.removeValue(forKey: ObjectIdentifier(alarm)) }
    }

    /// The client has gone, or cannot be written to.
    func end() {
        wake { $0.isGone = true }
    }

    /// This server is being stopped, and waits no longer for what is being answered.
    func stop() {
        wake { $0.isStopped = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let alarms = state.withLock { state in
            change(&state)
            defer { state.alarms = [:] }
            return Array(state.alarms.values)
        }
        for alarm in alarms { alarm.end(isLate: true) }
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
