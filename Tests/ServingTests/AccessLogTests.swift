import FoundationEssentials
import Language
import Synchronization
import Testing

@testable import Serving

@Suite("AccessLog")
struct AccessLogTests {
    @Test("A line tells what is known, and nothing for what is not, in the order of the names")
    func line() throws {
        let lines = Mutex<[String]>([])
        let log = AccessLog(
            now: { Date(timeIntervalSince1970: 1_800_000_000) }, { line in lines.withLock { $0.append(line) } })
        var entry = AccessLog.Entry()
        entry.status = 200
        log.note(Exchange(), entry)
        (entry.agent, entry.isStreamed, entry.reason) = ("support", true, "say \"why\"\n")
        (entry.trace, entry.caller) = ("tr-1", "shop")
        log.note(Exchange(), entry)
        let values = try lines.withLock { $0 }.map { try Value(json: $0.utf8) }
        #expect(
            values.map { $0.object?.keys.sorted() } == [
                ["method", "ms", "path", "request", "status", "time"],
                [
                    "agent", "caller", "error", "method", "ms", "path", "request", "status", "stream", "time", "trace",
                ],
            ])
        #expect(lines.withLock { $0 } == values.map(\.canonicalJSON))
        #expect(values.last?["error"] == "say \"why\"\n")
    }

    @Test("Each line tells its second, though a second is written but once")
    func times() throws {
        let dates = Mutex([1_800_000_000.2, 1_800_000_000.9, 1_800_000_001.0, 1_800_000_000.5, 1_800_000_059.999])
        let lines = Mutex<[String]>([])
        let log = AccessLog(
            now: { Date(timeIntervalSince1970: dates.withLock { $0.removeFirst() }) },
            { line in lines.withLock { $0.append(line) } })
        for _ in 0..<5 { log.note(Exchange(), AccessLog.Entry()) }
        let times = try lines.withLock { $0 }.map { try Value(json: $0.utf8)["time"]?.string }
        #expect(
            times == ["00", "00", "01", "00", "59"].map { "2027-01-15T08:00:\($0)Z" })
    }
}
