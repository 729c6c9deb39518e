import NIOCore
import NIOHTTP1
import Synchronization

/// One connection to a server: it carries one exchange after the other, and reads what the present one wants.
final class DirectConnection: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPClientResponsePart

    private struct State {
        var exchange: DirectExchange?
        /// Whether another exchange may follow: the request is sent as a whole, and the server keeps the connection.
        var isSent = false
        var isKept = false
        var channel: (any Channel)?
    }

    let place: DirectPlace.Server
    private let connections: DirectConnections
    private let state = Mutex(State())

    init(to place: DirectPlace.Server, of connections: DirectConnections) {
        self.place = place
        self.connections = connections
    }

    var isActive: Bool {
        state.withLock { $0.channel }?.isActive == true
    }

    func close() {
        state.withLock { $0.channel }?.close(promise: nil)
    }

    /// Sends the request of an exchange, on the thread of the event loop.
    /// - Returns: Whether it was sent.
    func carry(_ exchange: DirectExchange) -> Bool {
        guard let channel = state.withLock({ $0.channel }) else { return false }
        state.withLock { ($0.exchange, $0.isSent) = (exchange, false) }
        let sent = channel.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenSuccess { self.state.withLock { $0.isSent = true } }
        guard exchange.send(over: channel, sent) else {
            state.withLock { $0.exchange = nil }
            return false
        }
        #if os(Linux)
            // The server may wait until the head is acknowledged before it sends the body.
            PromptAcknowledgement.ask(of: channel)
        #endif
        return true
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        state.withLock { $0.channel = channel }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        let isEnd = if case .end = part { true } else { false }
        let (exchange, isKept) = state.withLock { state in
            // Nothing that follows a change of the protocol is HTTP.
            if case .head(let head) = part { state.isKept = head.isKeepAlive && head.status != .switchingProtocols }
            defer { if isEnd { state.exchange = nil } }
            return (state.exchange, state.isKept && state.isSent)
        }
        if isEnd || exchange == nil {
            if isEnd, exchange != nil, isKept {
                connections.keep(self)
            } else {
                context.close(promise: nil)
            }
        }
        exchange?.take(part)
    }

    /// What was read may be too little for a part of the response: half of its head, or what stands between two chunks.
    /// Of a connection without an exchange only its end is awaited.
    func channelReadComplete(context: ChannelHandlerContext) {
        if state.withLock({ $0.exchange })?.readsMore() != false { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(TransportFailure(.broken, "the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(TransportFailure.described(error))
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        connections.forget(self)
        state.withLock { state in
            defer { state.exchange = nil }
            return state.exchange
        }?.fail(error)
    }
}
