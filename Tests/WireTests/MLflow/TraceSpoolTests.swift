import Fakes
import FoundationEssentials
import Language
import Support
import Synchronization
import Testing

@testable import Wire

@Suite("TraceSpool", .timeLimit(.minutes(20)))
struct TraceSpoolTests {
    private func trace(_ number: Int) -> MLflowTrace {
        let id = TraceID(high: .max, low: UInt64(number) << 8)
        let span = MLflowSpan(
            id: id.spanID(at: 0), parent: nil, name: "agent", start: 1_800_000_000_000_000_000,
            end: 1_800_000_001_500_000_000, attributes: ["mlflow.spanInputs": ["question": "Wie spät ist es?"]])
        return MLflowTrace(id: id, experimentID: "0", name: "agent", spans: [span], request: "Wie spät ist es?")
    }

    private final class Warnings: Sendable {
        private let values = Mutex<[Diagnostic.Code]>([])
        var codes: [Diagnostic.Code] { values.withLock { $0 } }
        func add(_ warning: Diagnostic) { values.withLock { $0.append(warning.code) } }
    }

    /// Writes traces, and more in a body; returns when the writer has ended.
    private func write(
        _ numbers: ClosedRange<Int>, to server: MLflowServer, _ directory: String, limit: Int = 1 << 20,
        queueLimit: Int = 100, warnings: Warnings = Warnings(),
        _ body: (MLflowTraceWriter) async throws -> Void = { _ in }
    ) async throws -> TraceTally {
        let spool = try TraceSpool(in: directory, limit: limit) { warnings.add($0) }
        return try await MLflowTraceWriter.withWriter(
            to: server, route: .spans, spool: spool, queueLimit: queueLimit, deadline: .milliseconds(200),
            pause: .milliseconds(1)
        ) { writer in
            for number in numbers { writer.write(trace(number)) }
            try await body(writer)
        }.tally
    }

    private func files(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0 != "lock" }.sorted()
    }

    @Test("Small files are read together, the oldest first; one that is not whole is set aside between them")
    func together() async throws {
        try await withTemporaryDirectory { directory in
            let warnings = Warnings()
            let spool = try TraceSpool(in: directory, limit: 1 << 20) { warnings.add($0) }
            spool.begin(for: "http://mlflow")
            for number in 1...5 { #expect(spool.keep([trace(2 * number), trace(2 * number + 1)]) == 0) }
            try Data("torn".utf8).write(to: URL(filePath: "\(directory)/\(try files(directory)[1])"))
            let first = try #require(spool.oldest(upTo: 7))
            #expect(first.entries.count == 3 && first.traces.map(\.id) == [2, 3, 6, 7, 8, 9].map { trace($0).id })
            #expect(warnings.codes == ["torn-traces"] && spool.waiting == 8)
            spool.remove(first.entries)
            #expect(spool.oldest(upTo: 1)?.traces.map(\.id) == [10, 11].map { trace($0).id } && spool.waiting == 2)
        }
    }

    @Test("A file that cannot be read now holds up no other one, and is read when it can be")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let warnings = Warnings()
            let spool = try TraceSpool(in: directory, limit: 1 << 20) { warnings.add($0) }
            spool.begin(for: "http://mlflow")
            for number in 1...2 { #expect(spool.keep([trace(number)]) == 0) }
            let path = "\(directory)/\(try files(directory)[0])"
            try FileManager.default.moveItem(atPath: path, toPath: "\(path).away")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(spool.oldest(upTo: 100)?.entries == nil)
            let second = try #require(spool.oldest(upTo: 100))
            #expect(second.traces.map(\.id) == [trace(2).id] && spool.waiting == 2)
            spool.remove(second.entries)
            #expect(spool.oldest(upTo: 100)?.entries == nil)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: "\(path).away", toPath: path)
            #expect(spool.oldest(upTo: 100)?.traces.map(\.id) == [trace(1).id] && warnings.codes == [])
        }
    }

    @Test(
        "What is postponed is read last, after what came later, too, and each file alone; one that was alone is parted, as far as there is room"
    )
    func postponed() async throws {
        try await withTemporaryDirectory { directory in
            func begun(limit: Int) throws -> TraceSpool {
                let spool = try TraceSpool(in: directory, limit: limit) { _ in }
                spool.begin(for: "http://mlflow")
                return spool
            }
            func next(_ spool: TraceSpool) throws -> (entries: [TraceSpool.Entry], traces: [MLflowTrace]) {
                try #require(spool.oldest(upTo: 100))
            }
            func ids(_ numbers: ClosedRange<Int>) -> [TraceID] { numbers.map { trace($0).id } }
            try {
                let spool = try begun(limit: 1 << 20)
                #expect(spool.keep([trace(1), trace(2), trace(3)]) == 0 && spool.keep([trace(4)]) == 0)
                let both = try next(spool)
                #expect(both.traces.map(\.id) == ids(1...4))
                spool.postpone(both.entries, both.traces)
                #expect(spool.keep([trace(5)]) == 0 && spool.keep([trace(6)]) == 0)
                let young = try next(spool)
                #expect(young.traces.map(\.id) == ids(5...6))
                spool.remove(young.entries)
                let first = try next(spool)
                #expect(first.traces.map(\.id) == ids(1...3))
                spool.postpone(first.entries, first.traces)
                #expect(spool.keep([trace(7)]) == 0)
                for numbers in [7...7, 4...4, 1...1, 2...3] {
                    let read = try next(spool)
                    #expect(read.traces.map(\.id) == ids(numbers))
                    if numbers != 2...3 { spool.remove(read.entries) }
                }
                #expect(try spool.waiting == 2 && files(directory).count == 1)
            }()
            // Where there is no room, it stays as it is.
            let full = try begun(limit: 1)
            for _ in 0..<3 {
                let read = try next(full)
                #expect(read.traces.map(\.id) == ids(2...3))
                full.postpone(read.entries, read.traces)
            }
            #expect(try full.waiting == 2 && files(directory).count == 1)
        }
    }

    @Test("What MLflow never answers holds up nothing that is kept with it, and is not lost")
    func unanswered() async throws {
        try await withTemporaryDirectory { directory in
            let fake = FakeMLflow()
            let server = Interposed(fake) { request, send in
                guard case .bytes(let bytes) = request.body, String(decoding: bytes, as: UTF8.self).contains("endless")
                else { return try await send() }
                throw TransportFailure(.timeout, "no answer")
            }.mlflow
            let spool = try TraceSpool(in: directory, limit: 1 << 20) { _ in }
            spool.begin(for: server.endpoint.base)
            var endless = trace(3)
            endless.spans[0].name = "endless"
            for kept in [[trace(1)], [trace(2), endless, trace(4), trace(5)], [trace(6)]] {
                #expect(spool.keep(kept) == 0)
            }
            let (_, tally) = try await MLflowTraceWriter.withWriter(
                to: server, route: .spans, spool: spool, pause: .milliseconds(1)
            ) { writer in
                for _ in 0..<60_000 where writer.tally.written < 5 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.written == 5 && tally.spooled == 1 && tally.missing == 0)
            #expect(Set(fake.store.traces.map(\.id)) == Set([1, 2, 4, 5, 6].map { trace($0).traceID }))
        }
    }

    @Test("What MLflow does not take is kept for the next start, for its owner alone, and sent then, once")
    func nextStart() async throws {
        try await withTemporaryDirectory { parent in
            let (fake, directory) = (FakeMLflow(), "\(parent)/spool")
            fake.cut(.before(1))
            let first = try await write(1...5, to: fake.server(), directory)
            #expect(first.spooled == 5 && first.spooledBytes > 0 && first.missing == 0 && first.written == 0)
            let rights = try [directory, "\(directory)/\(try files(directory)[0])"].map {
                try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int
            }
            #expect(rights == [0o700, 0o600])
            fake.cut(.never)
            let second = try await write(6...6, to: fake.server(), directory) {
                while $0.tally.written < 6 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(second.spooled == 0 && second.spooledBytes == 0 && second.missing == 0)
            #expect(Set(fake.store.traces.map(\.id)) == Set((1...6).map { trace($0).traceID }))
            #expect(try files(directory) == [])
        }
    }

    @Test("It is sent as soon as MLflow is back")
    func back() async throws {
        try await withTemporaryDirectory { directory in
            let fake = FakeMLflow()
            fake.cut(.before(1))
            let tally = try await write(1...250, to: fake.server(), directory, queueLimit: 1000) { writer in
                while writer.tally.spooled < 250 { try await Task.sleep(for: .milliseconds(1)) }
                fake.cut(.never)
                while writer.tally.written < 250 { try await Task.sleep(for: .milliseconds(1)) }
                // From now on nothing goes there any more.
                writer.write(trace(251))
                while writer.tally.written < 251 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.spooled == 0 && tally.missing == 0 && fake.store.traces.count == 251)
        }
    }

    @Test("What does not fit is dropped, counted, and told once")
    func bound() async throws {
        try await withTemporaryDirectory { directory in
            let (fake, warnings) = (FakeMLflow(), Warnings())
            fake.cut(.before(1))
            let tally = try await write(
                1...400, to: fake.server(), directory, limit: 80_000, queueLimit: 1000, warnings: warnings
            ) {
                while $0.tally.spooled + $0.tally.dropped < 400 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.spooled > 0 && tally.dropped > 0 && tally.spooled + tally.dropped == 400)
            #expect(tally.spooledBytes <= 80_000 && warnings.codes == ["traces-dropped"])
        }
    }

    @Test("Of traces that have no room together those that came first are kept, until there is none")
    func partly() async throws {
        try await withTemporaryDirectory { directory in
            let one = try TraceSpool(in: "\(directory)/one", limit: 1 << 20) { _ in }
            one.begin(for: "http://mlflow")
            #expect(one.keep([trace(1)]) == 0)
            let (limit, warnings) = (6 * one.bytes, Warnings())
            let spool = try TraceSpool(in: "\(directory)/many", limit: limit) { warnings.add($0) }
            spool.begin(for: "http://mlflow")
            #expect(spool.keep((1...20).map(trace)) == 20 - spool.waiting && warnings.codes == ["traces-dropped"])
            #expect(spool.waiting >= 5 && spool.bytes <= limit && spool.bytes + 2 * one.bytes > limit)
            #expect(spool.oldest(upTo: 100)?.traces.map(\.id) == (1...spool.waiting).map { trace($0).id })
            #expect(spool.keep([trace(21)]) == 1 && warnings.codes.count == 1)
        }
    }

    @Test("A file that is not whole is set aside, what is for another MLflow stays, and the rest is sent")
    func torn() async throws {
        try await withTemporaryDirectory { directory in
            let (fake, warnings) = (FakeMLflow(), Warnings())
            func put(_ bytes: [UInt8], _ name: String) throws {
                try Data(bytes).write(to: URL(filePath: "\(directory)/\(name)"))
            }
            let base = fake.server().endpoint.base
            let whole = try TraceSpoolFile([trace(1)], for: base).bytes
            try put(Array(whole.dropLast(9)), "000000000001.traces")
            try put(whole.map { $0 == UInt8(ascii: "W") ? UInt8(ascii: "V") : $0 }, "000000000002.traces")
            try put([], "000000000003.traces")
            try put(try TraceSpoolFile([trace(2)], for: "http://elsewhere").bytes, "000000000004.traces")
            try put(Array(whole.prefix(50)), "000000000005.unfinished")
            try put(try TraceSpoolFile([trace(3)], for: base).bytes, "000000000006.traces")
            let tally = try await write(4...4, to: fake.server(), directory, warnings: warnings) {
                while $0.tally.written < 2 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.missing == 0 && tally.spooled == 0)
            #expect(Set(fake.store.traces.map(\.id)) == [trace(3).traceID, trace(4).traceID])
            let left = try files(directory)
            #expect(left.filter { $0.hasSuffix(".torn") }.count == 3 && left.contains("000000000004.traces"))
            #expect(left.count == 4)
            #expect(warnings.codes.filter { $0 == "torn-traces" }.count == 3)
            #expect(warnings.codes.filter { $0 == "traces-for-another" }.count == 1)
        }
    }

    /// A server that takes what it is sent, and never answers.
    private final class Silent: HTTPTransport {
        let isAsked = Atomic<Bool>(false)

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            isAsked.store(true, ordering: .relaxed)
            try await Task.sleep(for: .seconds(600))
            return HTTPResponse(status: 500)
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            throw TransportFailure(.unreachable, "no stream")
        }
    }

    @Test("What MLflow takes and never ends with goes to the spool, and does not hold up what comes after it")
    func stalled() async throws {
        try await withTemporaryDirectory { directory in
            let server = MLflowServer(Endpoint(service: "MLflow", base: "http://mlflow.test", transport: Silent()))
            let spool = try TraceSpool(in: directory, limit: 1 << 20) { _ in }
            let (_, tally) = try await MLflowTraceWriter.withWriter(
                to: server, route: .spans, spool: spool, pause: .milliseconds(1), stall: .milliseconds(1100)
            ) { writer in
                writer.write(trace(1))
                while writer.tally.spooled < 1 { try await Task.sleep(for: .milliseconds(1)) }
                writer.write(trace(2))
                while writer.tally.spooled < 2 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.spooled == 2 && tally.missing == 0)
        }
    }

    @Test("A full queue is relieved while MLflow is slow")
    func flood() async throws {
        try await withTemporaryDirectory { directory in
            let silent = Silent()
            let server = MLflowServer(Endpoint(service: "MLflow", base: "http://mlflow.test", transport: silent))
            let tally = try await write(1...1, to: server, directory, queueLimit: 8) { writer in
                while !silent.isAsked.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(1)) }
                for number in 2...8 { writer.write(trace(number)) }
                while writer.tally.spooled == 0 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(tally.spooled == 8 && tally.missing == 0)
        }
    }

    @Test("One process uses it at a time; a file is no folder")
    func taken() async throws {
        try await withTemporaryDirectory { directory in
            let first = try TraceSpool(in: directory, limit: 1) { _ in }
            let problem = #expect(throws: Diagnostic.self) { try TraceSpool(in: directory, limit: 1) { _ in } }
            #expect(problem?.detail.contains("another process uses it") == true && first.waiting == 0)
            try Data().write(to: URL(filePath: "\(directory)/file"))
            #expect(throws: Diagnostic.self) { try TraceSpool(in: "\(directory)/file", limit: 1) { _ in } }
        }
    }
}
