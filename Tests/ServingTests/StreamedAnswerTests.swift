import Language
import NIOCore
import Runtime
import Synchronization
import Testing
import Wire

@testable import Serving

@Suite("Streamed answers", .timeLimit(.minutes(20)))
struct StreamedAnswerTests {
    private static let streamed = #"{"input":[{"role":"user","content":"Hi"}],"stream":true}"#

    @Test("A stream arrives piece by piece, and ends with the whole answer and [DONE]")
    func streams() async throws {
        let (goOn, isHeard) = (Happening(), Happening())
        let agent = StagedAgent { _, tell in
            await tell(.text("The "))
            await goOn.wait()
            await tell(.text("fox"))
            return Answer(status: .completed, text: "The fox", hasMessage: true)
        }
        try await RunningServer.run([agent.published()]) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            let events = try await server.client.stream(request) { head, chunks in
                #expect(head.header("content-type") == "text/event-stream; charset=utf-8")
                var events: [String] = []
                for try await event in chunks.events {
                    events.append(event.data)
                    // Only now, that the first piece is here, there is a second.
                    if event.data.contains("The ") { goOn.happen() }
                }
                isHeard.happen()
                return events
            }
            #expect(isHeard.hasHappened && events.last == "[DONE]")
            let last = try Value(json: events[events.count - 2].utf8)
            #expect(last["type"] == "response.completed")
            let deltas = try events.dropLast().map { try Value(json: $0.utf8) }.compactMap { $0["delta"]?.string }
            #expect(deltas == ["The ", "fox"])
        }
    }

    @Test("An answer that comes at once is sent at once, in one piece")
    func onePiece() async throws {
        let agent = StagedAgent { _, tell in
            await tell(.text("The fox"))
            return Answer(status: .completed, text: "The fox", hasMessage: true)
        }
        try await RunningServer.run([agent.published()]) { server in
            let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
            let head = "POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
            let asked = "\(head)\(Self.streamed.utf8.count)\r\n\r\n\(Self.streamed)"
            let channel = try await HostileRequestTests.connection(port)
            let answer = try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: asked))
                var answer = ""
                for try await piece in inbound { answer += String(buffer: piece) }
                return answer
            }
            let sizes = answer.matches(of: /\r\n([0-9a-f]+)\r\n/).compactMap { Int($0.1, radix: 16) }
            #expect(sizes.count == 2 && sizes.last == 0 && answer.contains("data: [DONE]\n\n\r\n0\r\n"), "\(answer)")
        }
    }

    @Test("A reader that is slow slows the server behind")
    func backPressure() async throws {
        let box = Counter()
        let agent = StagedAgent { _, tell in
            for _ in 0..<10_000 {
                await tell(.text(String(repeating: "x", count: 10_000)))
                box.add()
            }
            return Answer(status: .completed, text: "x", hasMessage: true)
        }
        try await RunningServer.run([agent.published()]) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            try await server.client.stream(request) { _, chunks in
                var told = 0
                for try await _ in chunks.events {
                    told += 1
                    if told < 20 { continue }
                    // Nothing is read for now: what is said stands still, long before the 100 MB are told.
                    var before = -1
                    while box.value != before {
                        before = box.value
                        try await Task.sleep(for: .milliseconds(300))
                    }
                    #expect(before < 6_000, "\(before) pieces were told to nobody.")
                    break
                }
                #expect(told == 20)
            }
        }
    }

    @Test(
        "A stream that is silent tells that it goes on, before the first piece as well, by comments that clients skip")
    func silence() async throws {
        let (first, second) = (Happening(), Happening())
        let agent = StagedAgent { _, tell in
            await first.wait()
            await tell(.text("The "))
            await second.wait()
            await tell(.text("fox"))
            return Answer(status: .completed, text: "The fox", hasMessage: true)
        }
        try await RunningServer.run([agent.published()], change: { $0.limits.silence = .milliseconds(10) }) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            let text = try await server.client.stream(request) { head, chunks in
                #expect(head.status == 200)
                defer {
                    first.happen()
                    second.happen()
                }
                var text = ""
                for try await chunk in chunks {
                    text += String(buffer: chunk)
                    // Only once it has been told of the silence it goes on.
                    let parts = text.split(separator: "The ", maxSplits: 1, omittingEmptySubsequences: false)
                    if parts[0].contains(": keep-alive\n\n") { first.happen() }
                    if parts.count > 1, parts[1].contains(": keep-alive\n\n") { second.happen() }
                }
                return text
            }
            let frames = text.split(separator: "\n\n").filter { !$0.hasPrefix(":") }
            #expect(frames.allSatisfy { $0.hasPrefix("data: ") } && frames.last == "data: [DONE]", "\(text)")
            #expect(frames.first?.contains("response.created") == true)
            let events = frames.dropLast().compactMap { try? Value(json: $0.dropFirst(6).utf8) }
            #expect(events.compactMap { $0["delta"]?.string } == ["The ", "fox"])
            #expect(events.compactMap { $0["sequence_number"]?.integer } == Array(0..<events.count))
        }
    }

    @Test("A stream is silent, too, while the server behind says what is no piece of the text, or nothing in one")
    func unsaid() async throws {
        let goOn = Happening()
        let agent = PiecedAgent { pieces, tell in
            await tell(.text("The "))
            let end = ContinuousClock.now + .seconds(30)
            while !goOn.hasHappened, ContinuousClock.now < end {
                _ = pieces.take { nil }
                _ = pieces.take { "" }
                await Task.yield()
            }
            return Answer(status: .completed, text: "The ", hasMessage: true)
        }
        try await RunningServer.run([agent.published()], change: { $0.limits.silence = .milliseconds(10) }) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            let text = try await server.client.stream(request) { _, chunks in
                defer { goOn.happen() }
                var text = ""
                for try await chunk in chunks {
                    text += String(buffer: chunk)
                    if text.contains(": keep-alive\n\n") { goOn.happen() }
                }
                return text
            }
            #expect(text.contains(": keep-alive\n\n") && text.hasSuffix("data: [DONE]\n\n"), "\(text)")
        }
    }

    @Test("What fails after a long silence is the last event, for the answer has begun")
    func lateFailure() async throws {
        let goOn = Happening()
        let agent = StagedAgent { _, _ in
            await goOn.wait()
            throw Diagnostic("server-error", "The server failed", detail: "No.", cause: .unavailable)
        }
        try await RunningServer.run([agent.published()], change: { $0.limits.silence = .milliseconds(10) }) { server in
            let request = HTTPRequest(.post, server.url + "/invocations", body: Array(Self.streamed.utf8))
            let text = try await server.client.stream(request) { head, chunks in
                #expect(head.status == 200)
                defer { goOn.happen() }
                var text = ""
                for try await chunk in chunks {
                    text += String(buffer: chunk)
                    if text.contains(": keep-alive") { goOn.happen() }
                }
                return text
            }
            #expect(text.contains("response.failed") && text.hasSuffix("data: [DONE]\n\n"), "\(text)")
        }
    }
}

/// An agent that hands on pieces of its text at once.
private struct PiecedAgent: AgentRuntime {
    let play: @Sendable (PieceSink, StagedAgent.Tell) async throws -> Answer

    func withConversation<Result: Sendable>(
        with agent: AgentDefinition, _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        try await StagedAgent.saying("").withConversation(with: agent, body)
    }

    func ask(
        _ agent: AgentDefinition, _ request: AgentRequest, timeout: Duration, pieces: PieceSink?,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        try await play(#require(pieces), onEvent)
    }

    func published() -> PublishedAgent {
        let definition = AgentDefinition(name: "support", model: "m", instructions: "Be brief.")
        return PublishedAgent(name: "support", definition: definition, runtime: self, place: nil, version: nil)
    }
}

/// Counts.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int {
        count.load(ordering: .relaxed)
    }

    func add() {
        count.add(1, ordering: .relaxed)
    }
}

@Suite("Handover")
struct HandoverTests {
    @Test("Who waits is nudged after the silence and not before; values come first")
    func nudged() async {
        let handover = Handover<Int>()
        handover.nudge(after: .zero)
        #expect(handover.nudge(after: .seconds(600)) > .now + .seconds(500))
        await handover.give(1)
        #expect(await handover.takeUntilNudged() == [1], "Nobody has waited.")
        let isNudged = Happening()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                #expect(await handover.takeUntilNudged() == nil)
                isNudged.happen()
            }
            while !isNudged.hasHappened {
                handover.nudge(after: .seconds(600))
                handover.nudge(after: .milliseconds(1))
                await Task.yield()
            }
        }
        handover.close()
        #expect(await handover.takeUntilNudged() == [])
    }

    @Test("To look whether somebody waits makes no wait longer; what is used meanwhile does")
    func looked() async {
        let handover = Handover<Int>()
        async let taken = handover.takeUntilNudged()
        while !handover.isAwaited { await Task.yield() }
        let due = handover.nudge(after: .seconds(600))
        #expect(handover.isAwaited && handover.nudge(after: .seconds(600)) == due)
        handover.beginAnew()
        #expect(handover.nudge(after: .seconds(600)) > due)
        handover.close()
        #expect(await taken == [])
    }

    @Test("A value that is waited for is used at once where it can be; all others are handed over, in order")
    func atOnce() async {
        let used = Mutex<[Int]>([])
        let handover = Handover<Int> { value in
            guard value < 10 else { return false }
            used.withLock { $0.append(value) }
            return true
        }
        await handover.give(1)  // Nobody waits for it yet.
        let taken = await withTaskGroup(of: [[Int]].self) { group in
            group.addTask {
                var taken: [[Int]] = []
                while let values = await handover.takeUntilNudged(), !values.isEmpty { taken.append(values) }
                return taken
            }
            var value = 2
            while used.withLock({ $0.isEmpty }) {
                await handover.give(value < 10 ? value : 9)
                value += 1
                await Task.yield()
            }
            await handover.give(10)
            await handover.give(11)
            handover.close()
            return await group.next() ?? []
        }
        let all = taken.flatMap(\.self)
        #expect(all.first == 1 && all.suffix(2) == [10, 11])
        #expect(
            used.withLock { $0.count } == 1, "One was used, and who waited went on waiting.")
    }
}
