import Engine
import Foundation
import Language
import Reports
import Testing
import Wire

@Suite("Events of an apply for programs")
struct EventJSONTests {
    private static let json = EventJSON { problems in
        .array(problems.map { ["code": .string($0.code.name), "detail": .string($0.detail)] })
    }
    private static let time = Date(timeIntervalSince1970: 1_800_000_000.25)
    private static let address = Address("agents", "support")

    private static let cases: [(Event, String)] = [
        (.started(address, .create), #"{"action":"create","address":"agents.support","event":"started","time":TIME}"#),
        (
            .progress(address, .counted(2, of: 3, unit: "documents")),
            #"{"address":"agents.support","done":2,"event":"progress","text":"2 of 3 documents","time":TIME,"total":3,"unit":"documents"}"#
        ),
        (
            .progress(address, .text("waiting")),
            #"{"address":"agents.support","event":"progress","text":"waiting","time":TIME}"#
        ),
        (
            .warned(address, Diagnostic("odd", "Odd", detail: "It is odd.")),
            #"{"address":"agents.support","diagnostic":{"code":"odd","detail":"It is odd."},"event":"warning","time":TIME}"#
        ),
        (
            .finished(address, .update, elapsed: .milliseconds(1250)),
            #"{"action":"update","address":"agents.support","event":"finished","seconds":1.25,"time":TIME}"#
        ),
        (
            .passed(Address("suites", "golden"), on: nil),
            #"{"action":"check","address":"suites.golden","event":"finished","seconds":0.0,"time":TIME}"#
        ),
        (
            .passed(Address("suites", "golden"), on: StandingResult(at: "2026-11-29T08:00:00Z", run: "1d2c")),
            #"{"action":"check","address":"suites.golden","event":"finished","evidence":{"at":"2026-11-29T08:00:00Z","run":"1d2c"},"seconds":0.0,"time":TIME}"#
        ),
        (
            .overridden(Address("suites", "golden"), because: "down"),
            #"{"action":"check","address":"suites.golden","event":"finished","overridden":"down","seconds":0.0,"time":TIME}"#
        ),
        (
            .failed(address, .delete, Diagnostic("no", "No", detail: "Not\nso.")),
            #"{"action":"delete","address":"agents.support","diagnostic":{"code":"no","detail":"Not\nso."},"event":"failed","time":TIME}"#
        ),
        (
            .skipped(address, because: Address("models", "chat")),
            #"{"address":"agents.support","because":"models.chat","event":"skipped","time":TIME}"#
        ),
    ]

    @Test("Each event is one line", arguments: cases)
    func events(event: Event, expected: String) {
        let line = Self.json.value(event, at: Self.time).canonicalJSON
        #expect(line == expected.replacing("TIME", with: #""2027-01-15T08:00:00.250Z""#))
        #expect(!line.contains("\n"))
    }

    @Test("The first event has the version and the plan, the last one the exit code and what went wrong")
    func ends() throws {
        let plan = Plan(stack: StackName("helpdesk"), changes: [Change(Self.address, .create)])
        let first = try Self.json.planned(plan, servers: [], endangered: [], requests: 3, at: Self.time)
        #expect(first["event"] == "planned" && first["version"] == 1 && first["plan"]?["requests"] == 3)
        let last = Self.json.ended(["exitCode": 6], [Diagnostic("no", "No", detail: "No.")], at: Self.time)
        #expect(last["exitCode"] == 6 && last["diagnostics"]?.array?.count == 1)
        let sum = Self.json.summary(.nothing, elapsed: .zero, requests: 3, at: Self.time)
        #expect(sum["succeeded"] == true && sum["counts"]?["create"] == 0 && sum["seconds"] == .number(0))
        let cut = Self.json.interrupted(running: [Self.address], at: Self.time)
        #expect(cut["running"] == ["agents.support"])
    }
}
