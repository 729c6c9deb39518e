import HTTPTypes
import HummingbirdCore
import Language
import NIOCore
import NIOHTTP1
import Synchronization
import Wire

/// Answers the requests of all connections.
final class RequestHandler: Sendable {
    let publication: Publication
    let limits: Limits
    let connections: Connections
    let places: Places
    private let bodies: ByteBudget
    private let beginnings: ByteBudget
    let meters = Meters()
    /// Beats as long as the server runs.
    let heartbeat = Heartbeat()
    private let tokens: BearerTokens?
    private let names: OwnNames?
    private let version: String
    private let ready = ReadyRoute()
    private let log: AccessLog
    private let clock = ClockText()
    private let draining = Atomic<Bool>(false)
    private let running = Atomic<Int>(0)

    init(_ options: InvocationServer) {
        publication = options.publication
        limits = options.limits
        connections = Connections(limit: options.limits.connections, stall: options.limits.arrival)
        places = Places(
            limit: options.limits.concurrency, line: options.limits.concurrency, patience: options.limits.patience)
        bodies = ByteBudget(options.limits.bodies)
        beginnings = ByteBudget(options.limits.beginnings)
        version = options.version
        log = options.log
        tokens = options.tokens
        names = options.names
    }

    /// From now on it is not ready, and connections are to be closed after the next answer.
    func drain() {
        draining.store(true, ordering: .relaxed)
    }

    /// Whether somebody asks now and then whether it is ready.
    var isWatched: Bool {
        ready.isWatched
    }

    /// How many requests are being answered, or read.
    var inFlight: Int {
        running.load(ordering: .relaxed)
    }

    /// nil where nothing is traced.
    var traces: MLflowTraceWriter? {
        publication.backing?.traces
    }

    var isDraining: Bool {
        draining.load(ordering: .relaxed)
    }

    /// - Throws: What the connection throws; it is closed then.
    @concurrent
    func respond(to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let connection = connections[channel]
        // Its client has read that nothing more is answered here, and may ask again elsewhere.
        if connection?.isOver == true { return try await channel.closeFuture.get() }
        running.add(1, ordering: .relaxed)
        connection?.note(isIdle: false)
        defer {
            running.subtract(1, ordering: .relaxed)
            connection?.note(isIdle: true)
            AnswerEnd.note(on: channel)
        }
        var exchange = Exchange(request)
        var entry = AccessLog.Entry()
        let place = Route.at(exchange.path)
        defer {
            if isLast(exchange) { Self.cutOff(channel, connection) }
            log.note(exchange, entry)
            meters.count(place?.route, entry.status, exchange.elapsed)
        }
        if let error = objection(to: request, exchange, place?.route, &entry.caller) {
            return try await refuse(error, exchange, writer, &entry)
        }
        guard let (route, name) = place else {
            return try await refuse(ServedError(laterAt: exchange.path) ?? .noRoute, exchange, writer, &entry)
        }
        guard route.takes(exchange.method) else {
            return try await refuse(.method(route.method), exchange, writer, &entry)
        }
        guard let dialect = route.dialect else {
            return try await send(await reply(to: route, name, exchange), exchange, writer, &entry)
        }
        // Until the answer: what was read from the body, and is sent on, stays that long.
        var share = BodyShare(ByteShare(of: beginnings), ByteShare(of: bodies))
        let taken: Taken
        do {
            // Some clients send their body only when they are told to.
            if request.headers[.expect]?.lowercased() == "100-continue", (exchange.length ?? 0) <= limits.body {
                try await writer.writeInformationalHead(HTTPTypes.HTTPResponse(status: .continue))
            }
            let body = try await body(of: request, channel, &share)
            exchange.isRead = true
            let read = try await read(body, &share)
            taken = try await take(read, request, of: name, dialect, channel, caller: entry.caller)
        } catch let error as ServedError {
            return try await refuse(error, exchange, writer, &entry)
        } catch let error as HTTPParserError where error != .invalidEOFState {
            return try await refuse(ServedError(unreadable: error), exchange, writer, &entry)
        } catch {
            // The connection ended before its request, or before that had its place.
            entry.status = 499  // As nginx calls it.
            meters.countAbandoned()
            throw error
        }
        entry.agent = taken.turn.agent.name
        defer { places.leave() }
        if taken.request.isStreamed {
            try await stream(taken, exchange, writer, channel, &entry)
        } else {
            try await answer(taken, exchange, writer, &entry)
        }
    }

    /// Why a request is refused whatever it asks; nil where it is not.
    /// - Parameter caller: Gets the name of who asks.
    private func objection(
        to request: Request, _ exchange: Exchange, _ route: Route?, _ caller: inout String?
    ) -> ServedError? {
        let isOpen = route?.isOpen == true
        if let tokens, !isOpen {
            caller = tokens.caller(request.headers[.authorization])
            if caller == nil { return BearerTokens.refusal(of: request.headers[.authorization]) }
        }
        if tokens == nil {
            if let names, !isOpen, !names.include(request.head.authority) { return .foreignName }
            if let origin = request.headers[.origin], !Self.isOwn(origin, request) { return .foreignOrigin }
        }
        return exchange.upgrade?.contains("websocket") == true ? .webSocket : nil
    }

    private func reply(to route: Route, _ name: String?, _ exchange: Exchange) async -> Reply {
        switch route {
        case .ping: return HealthRoute.ping
        case .health: return HealthRoute.health
        case .ready: return await ready.reply(publication.backing, isDraining: isDraining)
        case .version: return .text(version)
        case .agentInfo:
            do {
                return try AgentInfoRoute.reply(publication.agents, version: version)
            } catch let error as ServedError {
                return .error(error, requestID: exchange.id)
            } catch {
                let error = ServedError(.unexpected, code: "internal_error", "The agent cannot be described.")
                return .error(error, requestID: exchange.id)
            }
        case .models:
            do throws(ServedError) {
                return try ModelsRoute.reply(publication.agents)
            } catch {
                return .error(error, requestID: exchange.id)
            }
        case .endpoints: return EndpointsRoute.list(publication.agents)
        case .endpoint:
            do throws(ServedError) {
                return EndpointsRoute.one(try publication.agent(at: name ?? ""))
            } catch {
                return .error(error, requestID: exchange.id)
            }
        case .model:
            do throws(ServedError) {
                return ModelsRoute.one(try publication.agent(at: name ?? ""))
            } catch {
                return .error(error, requestID: exchange.id)
            }
        case .metrics: return metrics
        case .openAPI: return OpenAPIRoute.reply(version: version)
        case .invocations, .responses, .v1Responses, .endpointInvocations:
            preconditionFailure("These routes ask an agent.")
        }
    }
}

extension RequestHandler {
    @concurrent
    func refuse(
        _ error: ServedError, _ exchange: Exchange, _ writer: consuming ResponseWriter, _ entry: inout AccessLog.Entry
    ) async throws {
        try await send(.error(error, requestID: exchange.id), exchange, writer, &entry)
    }

    @concurrent
    func send(
        _ reply: Reply, _ exchange: Exchange, _ writer: consuming ResponseWriter, _ entry: inout AccessLog.Entry
    ) async throws {
        entry.status = reply.status
        try await writer.write(
            response: HTTPTypes.HTTPResponse(
                status: HTTPTypes.HTTPResponse.Status(code: reply.status), headerFields: head(of: reply, exchange)),
            body: exchange.method == "HEAD" ? ResponseBody() : Self.body(reply.body))
    }

    private func head(of reply: Reply, _ exchange: Exchange) -> HTTPFields {
        var headers = head(of: exchange)
        headers[.contentType] = reply.contentType
        headers[.contentLength] = String(reply.body.readableBytes)
        for field in reply.headers { headers[field.name] = field.value }
        if isLast(exchange) { headers[.connection] = "close" }
        return headers
    }

    /// The answer to what cannot be read as HTTP.
    /// - Parameter isToBeNoted: Whether it is logged and counted.
    func unreadable(_ error: ServedError, isToBeNoted: Bool) -> (head: HTTPResponseHead, body: ByteBuffer) {
        let exchange = Exchange()
        let reply = Reply.error(error, requestID: exchange.id)
        if isToBeNoted {
            var entry = AccessLog.Entry()
            entry.status = reply.status
            log.note(exchange, entry)
            meters.count(nil, reply.status, exchange.elapsed)
        }
        let headers = head(of: reply, exchange).map { ($0.name.rawName, $0.value) }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: HTTPHeaders(headers))
        return (head, reply.body)
    }

    /// A long body goes piece by piece, as the client takes it: the time that a connection may be idle begins when the end of
    /// the answer is handed over.
    private static func body(_ buffer: ByteBuffer) -> ResponseBody {
        guard buffer.readableBytes > long else { return ResponseBody(byteBuffer: buffer) }
        return ResponseBody(contentLength: buffer.readableBytes) { writer in
            var rest = buffer
            while let piece = rest.readSlice(length: min(long, rest.readableBytes)), piece.readableBytes > 0 {
                try await writer.write(piece)
            }
            try await writer.finish(nil)
        }
    }

    /// Whether a page of this server asks, by the name that it is asked under.
    private static func isOwn(_ origin: String, _ request: Request) -> Bool {
        origin.split(separator: "/", maxSplits: 2).last.map(String.init) == request.head.authority
    }

    /// Whether a body is coming that nobody reads: it would have to be taken in, however slowly it comes, to find the next
    /// request of the connection.
    private func isLast(_ exchange: Exchange) -> Bool {
        !exchange.isRead && exchange.length != 0
    }

    /// Takes nothing more on a connection, and closes it; the client has two seconds to read its answer.
    static func cutOff(_ channel: any Channel, _ connection: Connection? = nil) {
        connection?.noteLast()
        channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    /// The headers of every answer.
    func head(of exchange: Exchange) -> HTTPFields {
        var headers: HTTPFields = [.requestID: exchange.id, .server: "drover", .date: clock.text()]
        if isDraining || exchange.upgrade != nil { headers[.connection] = "close" }
        return headers
    }
}
