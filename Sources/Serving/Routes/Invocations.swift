import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import Language
import NIOCore
import NIOHTTP1
import Runtime
import Synchronization
import Wire

/// `POST /invocations`, `/responses` and `/v1/responses`: an agent is asked.
extension RequestHandler {
    /// A request that was read, and has its place among those that are answered.
    final class Taken: Sendable {
        let request: ServedRequest
        let turn: Turn
        let items: ServedItems
        let traced: Traced?

        init(request: ServedRequest, turn: Turn, items: ServedItems, traced: Traced?) {
            self.request = request
            self.turn = turn
            self.items = items
            self.traced = traced
        }
    }

    /// Takes a place for a request that was read.
    /// - Parameter name: The agent that its path names; nil where the request says who is meant.
    /// - Throws: `ServedError`; what the connection throws.
    @concurrent
    func take(
        _ read: ServedRequest, _ request: Request, of name: String?, _ dialect: ServedItems.Dialect,
        _ channel: any Channel, caller: String?
    ) async throws -> Taken {
        // One that is not known any more has gone.
        guard let connection = connections[channel] else { throw ClientGone() }
        let agent = try name.map(publication.agent(at:)) ?? publication.agent(named: read.model)
        let traced = Traced(read, by: agent, request, caller: caller, to: publication.backing)
        var asked = read.asked
        asked.keeping = read.isStreamed ? limits.message : .max
        let turn = Turn(
            agent: agent, asked: asked, limit: limits.answer, heartbeat: heartbeat,
            connection: connection, recorder: traced?.recorder,
            parent: traced?.behind ?? request.traceParent)
        let response = ServedResponse(
            id: "resp_\(TraceID.random().hexadecimal)", created: Int(Date().timeIntervalSince1970), model: agent.name,
            metadata: read.metadata, trace: traced?.returned)
        try await enter(on: connection)
        let items = ServedItems(response, of: agent.definition, dialect, isStreamed: read.isStreamed)
        return Taken(request: read, turn: turn, items: items, traced: traced)
    }

    /// Takes a place for a request of a connection; one whose client has gone leaves the line to those who still wait.
    private func enter(on connection: Connection) async throws {
        var entered: Result<Void, any Error> = .success(())
        if !places.enterAtOnce() {
            // Only the connection ends it: the line has a limit of its own.
            let alarm = Alarm { $0 + .seconds(3_600) }
            connection.add(alarm)
            defer { connection.remove(alarm) }
            entered = await heartbeat.limiting(by: alarm) { try await self.places.enter() }.result
        }
        guard connection.isGone || connection.isStopped else { return try entered.get() }
        if case .success = entered { places.leave() }
        if connection.isGone { throw ClientGone() }
        throw ServedError.stopping
    }

    /// Answers at once.
    @concurrent
    func answer(
        _ taken: Taken, _ exchange: Exchange, _ writer: consuming ResponseWriter, _ entry: inout AccessLog.Entry
    ) async throws {
        let items = Answering(taken.items)
        let end = note(await taken.turn.run { items.take($0) }, of: taken, in: &entry)
        defer { taken.traced?.write(end) }  // The client does not wait for it.
        if let error = end.error(of: taken.request.asked) {
            return try await refuse(error, exchange, writer, &entry)
        }
        guard case .answered(let answer) = end else {
            entry.status = 499  // As nginx calls it.
            throw ClientGone()
        }
        let reply =
            answer.text.utf8.count > Self.long
            ? await offLoop { Reply.json(items.finish(with: answer)) } : .json(items.finish(with: answer))
        try await send(reply, exchange, writer, &entry)
    }

    /// Answers piece by piece. What goes wrong before the first piece is an error like any other; what goes wrong later, or after
    /// a long silence, is the last event.
    @concurrent
    func stream(
        _ taken: Taken, _ exchange: Exchange, _ writer: consuming ResponseWriter, _ channel: any Channel,
        _ entry: inout AccessLog.Entry
    ) async throws {
        entry.isStreamed = true
        let items = Streaming(taken.items, on: channel)
        let events = Handover(atOnce: items.send)
        let pieces = PieceSink { make in
            guard events.isAwaited, let length = items.send(making: make) else { return false }
            // What says nothing is silence.
            if length > 0 { events.beginAnew() }
            return true
        }
        async let ending = taken.turn.run(pieces, events)
        let attention = heartbeat.add(attention(to: events, channel))
        defer { heartbeat.remove(attention) }
        var noted: Turn.Ending?
        defer { if let noted { taken.traced?.write(noted) } }  // The client does not wait for it.
        var next = await events.takeUntilNudged()
        if next?.isEmpty == true {
            if let error = await ending.error(of: taken.request.asked) {
                noted = note(await ending, of: taken, in: &entry)
                return try await refuse(error, exchange, writer, &entry)
            }
            guard case .answered = await ending else {
                noted = note(await ending, of: taken, in: &entry)
                entry.status = 499  // As nginx calls it.
                throw ClientGone()
            }
        }
        entry.status = 200
        do {
            var body = try await writer.writeHead(
                HTTPTypes.HTTPResponse(status: .ok, headerFields: streamHead(of: exchange)))
            items.begin()
            while next?.isEmpty != true {
                items.take(next ?? [])
                // What has come with the end of the answer goes with its end.
                var frames = await events.areOver(with: next ?? []) ? ByteBuffer() : items.drain()
                // Whoever passes the stream on takes it for dead after a while.
                if next == nil { frames.writeStaticString(": keep-alive\n\n") }
                if frames.readableBytes > 0 { try await body.write(frames) }
                next = await events.takeUntilNudged()
            }
            let end = note(await ending, of: taken, in: &entry)
            noted = end
            let rest = try items.last { items throws(ClientGone) in try last(end, of: taken, &items) }
            channel.triggerUserOutboundEvent(LastPart(), promise: nil)
            try await body.write(rest)
            try await body.finish(nil)
        } catch {
            // It cannot be written to any more.
            taken.turn.connection?.end()
            if noted == nil { noted = note(await ending, of: taken, in: &entry) }
            throw error
        }
    }

    /// The end of a stream.
    /// - Throws: `ClientGone` when nobody reads it.
    private func last(
        _ end: Turn.Ending, of taken: Taken, _ items: inout ServedItems
    ) throws(ClientGone) -> ByteBuffer {
        if let error = end.error(of: taken.request.asked) {
            items.fail(because: error)
        } else if case .answered(let answer) = end {
            items.finish(with: answer)
        } else {
            throw ClientGone()
        }
        if let id = taken.traced?.returned { items.add(untyped: ["trace_id": .string(id)]) }
        var buffer = items.drain()
        buffer.writeStaticString("data: [DONE]\n\n")
        return buffer
    }

    /// Counts how a turn ended, for the log, too.
    private func note(_ ending: Turn.Ending, of taken: Taken, in entry: inout AccessLog.Entry) -> Turn.Ending {
        entry.reason = ending.reason
        entry.trace = taken.traced?.id
        meters.count(ending, of: taken.turn.agent.name)
        return ending
    }

    private func streamHead(of exchange: Exchange) -> HTTPFields {
        var headers = head(of: exchange)
        headers[.contentType] = "text/event-stream; charset=utf-8"
        headers[.cacheControl] = "no-cache"
        headers[.accelBuffering] = "no"
        return headers
    }

    /// Tells a stream that it is silent, and does not wait for a client that reads nothing any more.
    private func attention(to events: Handover<AgentEvent>, _ channel: any Channel) -> Alarm {
        let end = ContinuousClock.now + limits.answer + .seconds(10)
        let silence = limits.silence
        return Alarm { _ in
            min(end, events.nudge(after: silence))
        } isUp: {
            CutOff.close(channel)
        }
    }
}

/// The items of an answer that is made.
private final class Answering: Sendable {
    private let items: Mutex<ServedItems>

    init(_ items: ServedItems) {
        self.items = Mutex(items)
    }

    func take(_ event: AgentEvent) {
        items.withLock { $0.take(event) }
    }

    /// The whole response.
    func finish(with answer: Answer) -> Value {
        items.withLock { $0.finish(with: answer) }
    }
}

/// The frames of an answer that is streamed.
private final class Streaming: Sendable {
    private struct State {
        var items: ServedItems
        /// Whether the head of the answer has been sent, and nothing is left to be sent before the next event but frames.
        var isBegun = false
    }

    private let state: Mutex<State>
    private let channel: any Channel
    private let loop: any EventLoop
    /// nil where it is not known: then no piece is sent here.
    private let handler: NIOLoopBound<HTTP10Handler>?

    init(_ items: ServedItems, on channel: any Channel) {
        state = Mutex(State(items: items))
        self.channel = channel
        loop = channel.eventLoop
        // A connection that is closed has no handlers.
        handler =
            loop.inEventLoop
            ? (try? channel.pipeline.syncOperations.handler(type: HTTP10Handler.self)).map { [loop] in
                NIOLoopBound($0, eventLoop: loop)
            } : nil
    }

    /// Makes the frames before the first event.
    func begin() {
        state.withLock { state in
            state.items.begin()
            state.isBegun = true
        }
    }

    /// Makes the frames of events.
    func take(_ events: [AgentEvent]) {
        state.withLock { state in
            for event in events { state.items.take(event) }
        }
    }

    /// The frames that were not sent yet.
    func drain() -> ByteBuffer {
        state.withLock { $0.items.drain() }
    }

    /// Sends the frames of an event in the task that tells it, unless that would have to wait.
    /// - Returns: Whether it did: only on the thread of a connection that takes more.
    func send(_ event: AgentEvent) -> Bool {
        send { event } != nil
    }

    /// The same for a piece of the text that is made only where it is sent; an empty one has no frame.
    /// - Returns: How many bytes were sent; nil where that would have to wait.
    func send(making piece: () -> String?) -> Int? {
        send { piece().map { .text($0) } }
    }

    private func send(_ make: () -> AgentEvent?) -> Int? {
        guard let handler, loop.inEventLoop, channel.isActive, channel.isWritable else { return nil }
        let frames = state.withLock { state -> ByteBuffer? in
            guard state.isBegun, let event = make() else { return nil }
            state.items.take(event)
            return state.items.drain()
        }
        guard let frames else { return nil }
        if frames.readableBytes > 0 { handler.value.send(frames) }
        return frames.readableBytes
    }

    /// Makes the last frames.
    func last<E: Error>(_ make: (inout ServedItems) throws(E) -> ByteBuffer) throws(E) -> ByteBuffer {
        try state.withLock { state throws(E) in try make(&state.items) }
    }
}

extension Handover<AgentEvent> {
    /// Whether no more come than those. Where they tell that the answer is whole, the end is a few steps of other tasks away, which
    /// are taken first.
    fileprivate func areOver(with events: [AgentEvent]) async -> Bool {
        guard events.contains(where: { if case .finished = $0 { true } else { false } }) else { return isClosed }
        for _ in 0..<Self.stepsToEnd where !isClosed { await Task.yield() }
        return isClosed
    }

    private static var stepsToEnd: Int { 8 }
}

extension Turn {
    /// Hands the events over as they are taken.
    fileprivate func run(_ pieces: PieceSink, _ events: Handover<AgentEvent>) async -> Ending {
        defer { events.close() }
        return await run(handing: pieces) { await events.give($0) }
    }
}

/// Nobody is there to be answered: the connection is closed.
struct ClientGone: Error {}

extension RequestHandler {
    /// As `mlflow models serve` wants it; without any type, a body is taken for JSON.
    private func requireJSON(_ request: Request) throws(ServedError) {
        if let coding = request.headers[.contentEncoding]?.lowercased(), !["", "identity"].contains(coding) {
            throw ServedError(
                .unsupportedType, code: "unsupported_media_type",
                "The body has to be sent as it is, without `Content-Encoding`.")
        }
        guard let type = request.headers[.contentType], type != "application/json" else { return }
        let parts = type.lowercased().filter { !$0.isWhitespace && $0 != "\"" }.split(separator: ";")
        let charset = parts.dropFirst().first { $0.hasPrefix("charset=") }
        guard parts.first == "application/json", charset == nil || charset == "charset=utf-8" else {
            throw ServedError(
                .unsupportedType, code: "unsupported_media_type",
                "The body has to be JSON in UTF-8: `application/json`.")
        }
    }

    /// Takes the body in; a client that takes too long is cut off.
    /// - Parameter share: Gets the bytes beyond the first 4 KiB, and apart from them those beyond 64 KiB: what slow clients send
    ///   holds up no ordinary question.
    @concurrent
    func body(of request: Request, _ channel: any Channel, _ share: inout BodyShare) async throws -> ByteBuffer {
        try requireJSON(request)
        let length = request.headers[.contentLength].flatMap(Int.init) ?? 0
        guard length <= limits.body else { throw tooLarge }
        let slow = channel.eventLoop.scheduleTask(in: TimeAmount(limits.arrival)) { CutOff.close(channel) }
        defer { slow.cancel() }
        var body = ByteBuffer()
        for try await var piece in request.body {
            guard piece.readableBytes <= limits.body - body.readableBytes else { throw tooLarge }
            try share.take(body.readableBytes..<body.readableBytes + piece.readableBytes)
            if body.readableBytes == 0 { body = piece } else { body.writeBuffer(&piece) }
        }
        return body
    }

    /// What has more bytes is not read or written on the thread of an event loop.
    static let long = 64 << 10

    /// What has more bytes is no short question.
    static let short = 4 << 10

    /// A large body does not hold up the other connections of the event loop.
    /// - Parameter share: Gets what its values take.
    @concurrent
    func read(_ body: ByteBuffer, _ share: inout BodyShare) async throws -> ServedRequest {
        guard body.readableBytes > Self.short else { return try ServedRequest(body.readableBytesView) }
        let isLong = body.readableBytes > Self.long
        let weight =
            isLong
            ? await offLoop { body.withUnsafeReadableBytes(BodyWeight.of) }
            : body.withUnsafeReadableBytes(BodyWeight.of)
        // What has no room even alone is not to be tried again.
        let needed = BodyShare.rest(ofBody: body.readableBytes, weighing: weight)
        guard needed <= limits.bodies else { throw tooManyValues }
        try share.take(weight: weight)
        guard isLong else { return try ServedRequest(body.readableBytesView) }
        return try await offLoop { try ServedRequest(body.readableBytesView) }
    }

    private var tooManyValues: ServedError {
        ServedError(.tooLarge, code: "request_too_large", "The body has too many lists, objects and values in them.")
    }

    private var tooLarge: ServedError {
        ServedError(.tooLarge, code: "request_too_large", "The body has more than \(limits.body) bytes.")
    }
}
