import NIOCore
import NIOPosix
import Testing

@testable import Serving

@Suite("Last connections", .timeLimit(.minutes(20)))
struct LastConnectionsTests {
    private static let question = #"{"input":"x"}"#
    private static let loops = MultiThreadedEventLoopGroup.singleton

    @Test("None begins any more, and those that had begun can be accepted, and speak both ways")
    func passedOver() async throws {
        let listening = try await ServerBootstrap(group: Self.loops)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(listening.localAddress)
        var early: [NIOAsyncChannel<ByteBuffer, ByteBuffer>] = []
        for _ in 0..<5 { early.append(try await HostileRequestTests.connection(address.port ?? 0)) }
        let last = try #require(LastConnections(at: listening))
        #expect(await last.waiting == 5)
        try await last.letNoneBegin()
        await #expect(throws: (any Error).self) {
            try await ClientBootstrap(group: Self.loops).connectTimeout(.milliseconds(200)).connect(to: address).get()
        }
        #expect(await last.waiting == 5)
        try await listening.setOption(.autoRead, value: true).get()
        for connection in early {
            let answer = try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "hello"))
                var pieces = inbound.makeAsyncIterator()
                return try await pieces.next().map { String(buffer: $0) }
            }
            #expect(answer == "hello")
        }
        #expect(await last.waiting == 0)
        try await listening.close()
    }

    /// Sends back what comes.
    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
        }
    }

    @Test("While many new clients come, a server that is stopped answers each that got a connection")
    func storm() async throws {
        try await RunningServer.run([StagedAgent.saying("whole").published()]) { server in
            let answers = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<32 { group.addTask { try await Self.answer(of: server) } }
                var answers: [String] = []
                while let ended = try await group.next() {
                    guard let answer = ended else { continue }
                    answers.append(answer)
                    if answers.count == 400 { server.stop.happen() }
                    group.addTask { try await Self.answer(of: server) }
                }
                return answers
            }
            #expect(answers.count >= 400)
            for answer in answers {
                #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("whole"), "\(answer)")
            }
        }
    }

    /// What comes back on a connection of its own: nothing when it is reset; nil where no connection is made any more.
    private static func answer(of server: RunningServer) async throws -> String? {
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        guard let connection = try? await HostileRequestTests.connection(port) else { return nil }
        var answer = ""
        do {
            answer = try await connection.executeThenClose { inbound, outbound in
                let head =
                    "POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(question.utf8.count)\r\n\r\n"
                try await outbound.write(ByteBuffer(string: head + question))
                var answer = ""
                for try await piece in inbound { answer += String(buffer: piece) }
                return answer
            }
        } catch is IOError {
            // It was reset.
        } catch is ChannelError {
            // So it was, before anything was sent.
        }
        return answer
    }
}
