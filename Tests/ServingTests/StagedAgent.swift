import Language
import Runtime
import Synchronization
import Wire

@testable import Serving

/// An agent whose turns a test plays.
struct StagedAgent: AgentRuntime {
    typealias Tell = @Sendable (AgentEvent) async -> Void
    typealias Play = @Sendable (AgentRequest, Tell) async throws -> Answer

    let play: Play

    struct Conversation: AgentConversation {
        let play: Play

        func ask(
            _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
        ) async throws -> Answer {
            let answer = try await play(request, onEvent)
            await onEvent(.finished(answer))
            return answer
        }
    }

    func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        try await body(Conversation(play: play))
    }

    /// The agent as it is served, under a name.
    func published(_ name: String = "support", version: String? = nil, place: MLflowPlace? = nil) -> PublishedAgent {
        PublishedAgent(
            name: name, definition: AgentDefinition(name: name, model: "m", instructions: "Be brief."), runtime: self,
            place: place, version: version)
    }

    /// Says a text word by word.
    static func saying(_ text: String) -> StagedAgent {
        StagedAgent { _, tell in
            for (index, word) in text.split(separator: " ").enumerated() {
                await tell(.text((index > 0 ? " " : "") + word))
            }
            return Answer(
                status: .completed, text: text, hasMessage: true, usage: .init(input: 3, output: 2), streamedText: text)
        }
    }
}

/// Something that happens once, and can be waited for.
final class Happening: Sendable {
    private let handover = Handover<Bool>()
    private let happened = Atomic<Bool>(false)

    var hasHappened: Bool {
        happened.load(ordering: .sequentiallyConsistent)
    }

    func happen() {
        happened.store(true, ordering: .sequentiallyConsistent)
        handover.close()
    }

    /// Returns when it has happened, or the task is cancelled.
    func wait() async {
        _ = await handover.takeUntilNudged()
    }
}

/// A server of staged agents on a port of loopback, and a client for it.
struct RunningServer: Sendable {
    let url: String
    let client: AsyncHTTPTransport
    let stop: Happening
    /// Happens when it has stopped.
    let ended: Happening
    let log: LogLines

    static func run<R: Sendable>(
        _ agents: [PublishedAgent], traces: MLflowTraceWriter? = nil, joinsTraces: Bool = false,
        change: (inout InvocationServer) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningServer) async throws -> R
    ) async throws -> R {
        let backing = Backing(traces: traces, joinsTraces: joinsTraces)
        return try await run(Publication(agents, backing: backing), change: change, body)
    }

    static func run<R: Sendable>(
        _ publication: Publication, change: (inout InvocationServer) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningServer) async throws -> R
    ) async throws -> R {
        let log = LogLines()
        var server = InvocationServer(
            publication, version: "0.0.0",
            log: AccessLog { line in log.add((try? Value(json: line.utf8)) ?? .string(line)) })
        server.port = 0
        change(&server)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let (running, stop, ended) = (server, Happening(), Happening())
        return try await AsyncHTTPTransport.withTransport { client in
            try await withThrowingTaskGroup(of: R?.self) { group in
                group.addTask {
                    try await running.run(onListening: { port.yield($0) }, until: { await stop.wait() })
                    ended.happen()
                    return nil
                }
                group.addTask {
                    var iterator = ports.makeAsyncIterator()
                    let port = await iterator.next() ?? 0
                    let server = RunningServer(
                        url: "http://127.0.0.1:\(port)", client: client, stop: stop, ended: ended, log: log)
                    return try await body(server)
                }
                defer {
                    stop.happen()
                    group.cancelAll()
                }
                while let ended = try await group.next() {
                    if let result = ended { return result }
                }
                throw CancellationError()
            }
        }
    }

    func post(
        _ body: String, to path: String = "/invocations", headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        let json = headers.contains { $0.name == "content-type" } ? [] : [("content-type", "application/json")]
        return try await client.send(HTTPRequest(.post, url + path, headers: json + headers, body: Array(body.utf8)))
    }

    func get(_ path: String, headers: [(name: String, value: String)] = []) async throws -> HTTPResponse {
        try await client.send(HTTPRequest(.get, url + path, headers: headers))
    }
}

extension RunningServer {
    /// The last of so many lines of the log, which are written when an answer has gone out: its client may be faster.
    func logged(_ count: Int) async throws -> Value {
        for _ in 0..<600 where log.all.count < count { try await Task.sleep(for: .milliseconds(50)) }
        let lines = log.all
        guard lines.count >= count else { throw NotLogged(count: lines.count) }
        return lines[count - 1]
    }

    struct NotLogged: Error {
        var count: Int
    }
}

/// The lines of a log.
final class LogLines: Sendable {
    private let values = Mutex<[Value]>([])

    var all: [Value] {
        values.withLock { $0 }
    }

    func add(_ value: Value) {
        values.withLock { $0.append(value) }
    }
}

extension HTTPResponse {
    var json: Value {
        (try? Value(json: body)) ?? .null
    }

    /// The events of a stream, as texts.
    var events: [String] {
        String(decoding: body, as: UTF8.self).split(separator: "\n\n").map { String($0.dropFirst("data: ".count)) }
    }
}
