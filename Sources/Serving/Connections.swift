import HummingbirdCore
import NIOCore
import Synchronization
import Wire

/// The open connections of clients, so that a request learns when its client has gone, and idle ones make room for others.
final class Connections: Sendable {
    private struct Open {
        let connection: Connection
        let channel: any Channel
    }

    private let limit: Int
    private let rest: Duration
    private let stall: Duration
    private let open = Mutex<[ObjectIdentifier: Open]>([:])

    /// - Parameters:
    ///   - limit: How many there may be.
    ///   - rest: How long one is idle before it has to make room: its client may just be about to ask.
    ///   - stall: How long a client may take nothing of what waits for it: what it asked would stay among what is answered.
    init(limit: Int, rest: Duration = .seconds(1), stall: Duration = .seconds(60)) {
        self.limit = limit
        self.rest = rest
        self.stall = stall
    }

    /// How many there are.
    var count: Int {
        open.withLock { $0.count }
    }

    subscript(_ channel: any Channel) -> Connection? {
        open.withLock { $0[ObjectIdentifier(channel)]?.connection }
    }

    /// Closes the connection that has been idle for longest, so that the next client gets in: only when there are so many as
    /// there may be.
    /// - Parameter count: How many there are.
    func makeRoom(among count: Int) {
        guard count >= limit else { return }
        let end = ContinuousClock.now - rest
        let longest = open.withLock { open -> Open? in
            let idle = open.values.lazy.compactMap { open in
                open.connection.idleSince.map { (since: $0, open: open) }
            }
            guard let longest = idle.min(by: { $0.since < $1.since }), longest.since <= end else { return nil }
            // It stays here until it is closed, and makes room only once.
            longest.open.connection.note(isIdle: false)
            return longest.open
        }
        // One that has begun a request in this moment answers it first.
        longest?.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    /// Makes room while there is none, until the task is cancelled: all may have become idle only after the last one came.
    func keepRoom(_ heartbeat: Heartbeat) async {
        while !Task.isCancelled {
            await heartbeat.wait()
            makeRoom(among: count)
        }
    }

    /// A handler that watches a connection, from when it is added to its pipeline.
    func watcher() -> any RemovableChannelHandler {
        ConnectionWatcher(self, stall: TimeAmount(stall))
    }

    /// Closes each once what has come on it is answered.
    func closeAll() {
        for open in open.withLock({ Array($0.values) }) {
            open.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Ends what is being answered on each, so that its client is told.
    func stopAll() {
        for open in open.withLock({ Array($0.values) }) { open.connection.stop() }
    }

    /// Closes each, whatever its client has not taken yet.
    func cutAll() {
        for open in open.withLock({ Array($0.values) }) { CutOff.close(open.channel) }
    }

    fileprivate func add(_ connection: Connection, _ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = Open(connection: connection, channel: channel) }
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
        var isOver = false
        /// nil while a request is answered.
        var idleSince: ContinuousClock.Instant? = .now
        var alarms: [ObjectIdentifier: Alarm] = [:]
    }

    private let state = Mutex(State())

    /// Since when nothing is answered on it; nil while something is.
    var idleSince: ContinuousClock.Instant? {
        state.withLock { $0.idleSince }
    }

    /// A request has come, or has been answered.
    func note(isIdle: Bool) {
        let since: ContinuousClock.Instant? = isIdle ? .now : nil
        state.withLock { $0.idleSince = since }
    }

    /// Whether the client has closed its side: nobody reads what is answered.
    var isGone: Bool {
        state.withLock { $0.isGone }
    }

    /// Whether what is being answered is to end, because this server is being stopped.
    var isStopped: Bool {
        state.withLock { $0.isStopped }
    }

    /// Whether an answer has said that it is the last one on it: what comes behind that is not to be carried out.
    var isOver: Bool {
        state.withLock { $0.isOver }
    }

    /// An answer says that it is the last one.
    func noteLast() {
        state.withLock { $0.isOver = true }
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

/// Tells a connection that its client has closed it, or its side of it, and closes it when its client reads nothing.
private final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let connections: Connections
    private let connection = Connection()
    private let stall: TimeAmount
    /// Is there while more waits to be taken than may.
    private var end: Scheduled<Void>?

    init(_ connections: Connections, stall: TimeAmount) {
        self.connections = connections
        self.stall = stall
    }

    func handlerAdded(context: ChannelHandlerContext) {
        connections.add(connection, context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end?.cancel()
        connection.end()
        connections.remove(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.end()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let channel = context.channel
        end?.cancel()
        end = channel.isWritable ? nil : channel.eventLoop.scheduleTask(in: stall) { CutOff.close(channel) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connection.end() }
        context.fireUserInboundEventTriggered(event)
    }
}

/// How many connections are open, as the server counts them that accepts them.
struct RoomForConnections: AvailableConnectionsDelegate {
    private let connections: Connections
    private let limit: Int
    private var count = 0

    init(_ connections: Connections, limit: Int) {
        self.connections = connections
        self.limit = limit
    }

    mutating func connectionOpened() {
        count += 1
        connections.makeRoom(among: count)
    }

    mutating func connectionClosed() {
        count -= 1
    }

    func isAcceptingNewConnections() -> Bool {
        count < limit
    }
}
