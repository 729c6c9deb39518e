import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Language
import Logging
import NIOCore
import Wire

/// Serves agents behind the HTTP contract of MLflow's ResponsesAgent.
package struct InvocationServer: Sendable {
    package let publication: Publication
    package var limits = Limits()
    /// Where it listens; port 0 is any that is free.
    package var host = "127.0.0.1"
    package var port = 8000
    /// Who may ask; nil for everybody.
    package var tokens: BearerTokens?
    /// Under which names it may be asked without a token; nil for all.
    package var names: OwnNames?
    /// nil for plain HTTP.
    package var certificate: Certificate?
    /// The version of drover.
    let version: String
    let log: AccessLog

    /// - Parameter log: Takes a line for each request.
    package init(_ publication: Publication, version: String, log: AccessLog) {
        self.publication = publication
        self.version = version
        self.log = log
    }

    /// Serves until `stop` returns; then it is not ready, what is in flight may end, and no new connections are taken: at once, or
    /// for who asks whether it is ready, once that has been told.
    ///
    /// - Parameters:
    ///   - onListening: Is told the port.
    ///   - stop: Returns when the server is to stop.
    /// - Throws: What keeps it from listening.
    package func run(
        onListening: @escaping @Sendable (Int) -> Void, until stop: @escaping @Sendable () async -> Void
    ) async throws {
        let handler = RequestHandler(self)
        let (listening, listens) = AsyncStream.makeStream(of: (any Channel).self)
        let application = try application(handler) { channel in
            listens.yield(channel)
            listens.finish()
        }
        let (notice, drain) = (limits.notice, limits.drain)
        async let _: Void = handler.heartbeat.run()  // Until the end of this scope.
        async let _: Void = handler.connections.keepRoom(handler.heartbeat)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await application.run()
                return false
            }
            group.addTask {
                var channel: (any Channel)?
                for await opened in listening { channel = opened }
                guard let channel else { return false }
                onListening(channel.localAddress?.port ?? 0)
                await stop()
                handler.drain()
                // Who is asked to send nothing more still does until it has heard that. A cancelled sleep ends the wait.
                if handler.isWatched { try? await Task.sleep(for: notice) }
                let end = ContinuousClock.now + drain
                await LastConnections(at: channel)?.arrive(until: end)
                channel.close(promise: nil)
                await Self.wait(until: end) { handler.inFlight == 0 }
                // What has come since on a connection that was kept is answered yet.
                await Self.wait(until: end) {
                    handler.connections.closeAll()  // Again, for one that was still being opened.
                    return handler.connections.count == 0
                }
                // Who still waits is told that nothing more comes.
                handler.connections.stopAll()
                // A request may have come that nobody has begun to answer: its connection is open until it is answered.
                await Self.wait(until: .now + .seconds(5)) { handler.inFlight == 0 && handler.connections.count == 0 }
                handler.connections.cutAll()
                return true
            }
            // Whichever ends first: the server because it cannot listen, or the wait because it is to stop.
            do {
                while let isStopped = try await group.next(), !isStopped {}
            } catch {
                group.cancelAll()
                // Once it listens no more, a server calls it an error that it has ended.
                if !handler.isDraining { throw Diagnostic.cannotListen(host, port, error) }
            }
            group.cancelAll()
            // What a server says that is cancelled means nothing.
            while (try? await group.next()) ?? nil != nil {}
        }
    }

    private func application(
        _ handler: RequestHandler, _ onRunning: @escaping @Sendable (any Channel) -> Void
    ) throws -> Application<CallbackResponder<BasicRequestContext>> {
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [handler.connections.watcher()], idleTimeout: TimeAmount(limits.arrival),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
        // The handler writes heads itself, so that it can wait with them for the first piece of an answer.
        let plain = HTTPServerBuilder { _ in
            AcceptedConnections(
                HTTP1Channel(
                    responder: { request, writer, channel in
                        try await handler.respond(to: request, writer, channel)
                    }, configuration: configuration),
                unreadable: { handler.unreadable($0, isToBeNoted: $1) })
        }
        let server =
            try certificate.map { try HTTPServerBuilder.tls(plain, tlsConfiguration: $0.configuration) } ?? plain
        var silent = Logger(label: "drover-serve")
        silent.logLevel = .critical
        return Application(
            responder: CallbackResponder { _, _ in Response(status: .notFound) }, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: RoomForConnections(handler.connections, limit: limits.connections)),
            onServerRunning: { onRunning($0) }, logger: silent)
    }

    /// Returns when it is so, or the time is over.
    private static func wait(until end: ContinuousClock.Instant, _ isSo: () -> Bool) async {
        while !isSo(), ContinuousClock.now < end {
            // A cancelled sleep ends the wait.
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }
}

extension Diagnostic {
    fileprivate static func cannotListen(_ host: String, _ port: Int, _ error: any Error) -> Diagnostic {
        let reason =
            switch (error as? IOError)?.errnoCode {
            case EADDRINUSE: "something else listens there"
            case EACCES: "this needs more rights"
            case EADDRNOTAVAIL: "this machine has no such address"
            case nil where error is SocketAddressError.UnknownHost: "nothing here knows that name"
            case _: "\(error)"
            }
        return Diagnostic(
            "cannot-listen", "No server at this address", detail: "`\(host)`, port \(port), cannot be used: \(reason).",
            fix: "Choose another address or port.", cause: .unavailable)
    }
}
