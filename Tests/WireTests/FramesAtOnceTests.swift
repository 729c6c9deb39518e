import Fakes
import Language
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Wire

/// Frames that are used where they arrive, by tasks of event loops.
@Suite(.onEventLoop, .timeLimit(.minutes(10)))
struct FramesAtOnceTests {
    @Test("What is used at once wakes nobody; the rest comes to the task that waits, in order, with all behind it")
    func atOnce() async throws {
        let (chunks, more) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        // Each is sent when the one before has been seen.
        let rest = Mutex(["data: a2\n\nda", "ta: a3\n\n", "data: a4\n\ndata: b5\n\ndata: a6\n\n", "data: a7\n\n"][...])
        let sendNext: @Sendable () -> Void = {
            guard let next = rest.withLock({ $0.popFirst() }) else { return more.finish() }
            more.yield(Array(next.utf8))
        }
        let used = Mutex<[String]>([])
        let atOnce: ServerFrames.AtOnce = { part in
            guard case .frame(let data) = part, data.first == UInt8(ascii: "a") else { return false }
            used.withLock { $0.append(String(decoding: data, as: UTF8.self)) }
            if data.last != UInt8(ascii: "4") { sendNext() }
            return true
        }
        more.yield(Array("data: b1\n\n".utf8))
        let taken = try await LoopbackServer.withServer({ _ in LoopbackServer.Reply(chunks: chunks) }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let endpoint = Endpoint(service: "OGX", base: base, transport: transport)
                return try await endpoint.frames(Call("ask", .get, "/"), keeping: nil) { frames in
                    var taken: [FrameScanner.Part] = []
                    for try await parts in frames.using(atOnce: atOnce) {
                        taken += parts
                        sendNext()
                    }
                    return taken
                }
            }
        }
        #expect(taken == ["b1", "b5", "a6"].map { .frame(Array($0.utf8)) })
        #expect(used.withLock { $0 } == ["a2", "a3", "a4", "a7"])
    }

    @Test("What was left before a connection broke is taken before the error")
    func leftBeforeFailure() async throws {
        let exchange = try #require(DirectExchange(HTTPRequest(.get, "http://a/")))
        let left = Counted()
        async let read = Self.read(exchange, leaving: left)
        while left.count.load(ordering: .relaxed) == 0 {
            exchange.take(.body(ByteBuffer(string: "x")))
            await Task.yield()
        }
        exchange.take(.body(ByteBuffer(string: "x")))
        exchange.fail(TransportFailure(.broken, "cut"))
        let (empty, isFailed) = await read
        #expect(isFailed && empty == left.count.load(ordering: .relaxed) && empty > 0)
    }

    private final class Counted: Sendable {
        let count = Atomic(0)
    }

    /// - Returns: How often something was left, and whether the body broke off.
    private static func read(_ exchange: DirectExchange, leaving left: Counted) async -> (empty: Int, isFailed: Bool) {
        var empty = 0
        do {
            while let chunk = try await exchange.next(unless: { _ in
                left.count.add(1, ordering: .relaxed)
                return false
            }) {
                empty += chunk.readableBytes == 0 ? 1 : 0
            }
            return (empty, false)
        } catch {
            return (empty, true)
        }
    }
}
