import Fakes
import FoundationEssentials
import Language
import Runtime
import Suites
import Support
import Synchronization
import Testing
import Wire

@testable import Reports

/// What a run of suites leaves in MLflow, with the sample run of the reports' golden files.
@Suite("EvaluationPublisher")
struct EvaluationPublisherTests {
    private let sample: SampleRun
    /// The suites that the publisher read from the log, each as often as it did.
    private let asked = Reads()

    /// What was read, in order.
    private final class Reads: Sendable {
        let names = Mutex<[String]>([])
    }

    init() throws {
        sample = try SampleRun()
    }

    func publish(
        to fake: FakeMLflow, places: [String: MLflowPlace], deadline: Duration = .seconds(10), spool: Spool? = nil,
        log: SampleLog? = nil, through server: MLflowServer? = nil, changed: Set<String> = [],
        isOpen: Bool = false, isSettled: Bool = false
    ) async throws -> [Diagnostic] {
        var events: [SuiteEvent] = []
        let recorder = try sample.log(to: log) { events.append($0) }.recorder
        var context = EvaluationContext(
            stack: "helpdesk", version: "1.0.0", commit: "4711", id: "one", sources: sample.sources,
            log: recorder.path,
            recorded: { [asked] suite in
                let recorded = try recorder.recorded(suite: suite)
                asked.names.withLock { $0 += recorded.run.suites.map(\.suite) }
                return recorded
            }, now: { 1_800_000_000_000 })
        if log != nil { context.evidence = ["smoke": StandingEvidence(key: "k1", earlier: EarlierSamples())] }
        context.hasChanged = { changed.contains($0) }
        context.run = recorder.runID
        return try await EvaluationPublisher.withPublisher(
            to: server ?? fake.server(), sample.suites, places: places, context, spool: spool, deadline: deadline
        ) { publisher in
            for event in events { publisher.take(event, isOpen: isOpen) }
            for case .suiteFinished(let result) in events where isSettled { publisher.settle(result) }
        }.warnings
    }

    /// The names of the artifacts of a run.
    private static func files(of run: FakeRun, in fake: FakeMLflow) -> [String] {
        fake.store.artifacts.keys.filter { $0.contains("/\(run.id)/") }
            .compactMap { $0.split(separator: "/").last.map(String.init) }.sorted()
    }

    let place = MLflowPlace(experimentID: "0", modelID: "m-1", modelURI: "models:/support/3")

    @Test("Each suite is a run with its dataset, its model, its metrics and its report, ended as it went")
    func runs() async throws {
        let fake = FakeMLflow()
        let warnings = try await publish(to: fake, places: ["golden": place, "smoke": MLflowPlace(experimentID: "0")])
        #expect(warnings.isEmpty)
        let golden = try #require(fake.store.runs.first { $0.name == "golden" })
        let smoke = try #require(fake.store.runs.first { $0.name == "smoke" })
        #expect(golden.status == "FAILED" && smoke.status == "FINISHED" && golden.endTime == 1_800_000_000_000)
        let tags = Dictionary(golden.tags.map { ($0.key, $0.value) }) { first, _ in first }
        #expect(tags["mlflow.runType"] == "genai_evaluate" && tags["drover.verdict"] == "failed")
        #expect(tags["mlflow.source.git.commit"] == "4711" && tags["drover.model"] == "models:/support/3")
        #expect(tags["mlflow.genaiEvaluate.agent.uri"] == "models:/support/3")
        let scorers = try Value(json: #require(tags["mlflow.genaiEvaluate.scorersDigest"]).utf8)
        #expect(scorers["digest"]?.string?.hasPrefix("sha256:") == true && scorers["hashed"] == scorers["total"])
        let criteria = try Value(json: #require(tags["mlflow.genaiEvaluate.qualityCriteria"]).utf8)
        #expect(
            criteria["rules"] == [
                ["metricKey": "pass_rate", "comparator": "GTE", "threshold": 0.5],
                ["metricKey": "latency_ms/p95", "comparator": "LTE", "threshold": 2000],
            ])
        // Four cases count; the answers of the one in quarantine do not.
        #expect(golden.metrics["pass_rate"] == 0.25 && golden.metrics["error_rate"] == 0.5)
        #expect(golden.metrics["latency_ms/p50"] == 400 && golden.metrics["latency_ms/p95"] == 3000)
        #expect(golden.inputs == ["m-1"] && smoke.inputs == [])
        let dataset = try #require(golden.datasets.first?["dataset"])
        #expect(dataset["name"] == "golden" && dataset["digest"]?.string?.count == 8)
        #expect(dataset["source"] == #"{"uri":"specs/helpdesk.yaml"}"#)
        // Of four samples with a verdict one passed: two failed, and what could not be found out does not count.
        #expect(golden.metrics["allPassed/mean"] == 1.0 / 3)
        #expect(golden.metrics["contains/mean"] == 0.5 && golden.metrics["equals/mean"] == 0)
        #expect(golden.metrics["tokens/mean"] == nil)
        #expect(golden.metrics["cases"] == 5 && golden.metrics["cases_inconclusive"] == 2)
        #expect(smoke.metrics["contains/mean"] == 2.0 / 3 && smoke.metrics["latency_ms/mean"] == 20)
        #expect(smoke.metrics["total_tokens"] == 51)
        // Of one answer they are not known.
        #expect(golden.metrics["total_tokens"] == nil && golden.metrics["total_tokens/mean"] != nil)
        let report = try #require(fake.store.artifacts["0/\(golden.id)/artifacts/drover.json"])
        #expect(try Value(json: report)["suites"]?.array?.map { $0["name"] } == ["golden"])
    }

    @Test("A suite whose evidence is held is there as soon as it ends, and its evidence once that is settled")
    func held() async throws {
        try await withTemporaryDirectory { directory in
            for isSettled in [false, true] {
                let fake = FakeMLflow()
                let log = try SampleLog.create("\(directory)/\(isSettled).log")
                let warnings = try await publish(
                    to: fake, places: ["smoke": place], log: log, isOpen: true, isSettled: isSettled)
                let run = try #require(fake.store.runs.first)
                #expect(warnings.isEmpty && run.status == "FINISHED")
                #expect(run.tags.contains { $0.key == Evidence.tag } == isSettled)
            }
        }
    }

    @Test("The log is read for each suite once, and only for that suite")
    func readsOfTheLog() async throws {
        _ = try await publish(to: FakeMLflow(), places: ["golden": place, "smoke": place])
        #expect(asked.names.withLock { $0 } == ["golden", "smoke"])
    }

    @Test("Each sample is a trace of its run with one assessment for each assertion, in booleans or errors")
    func samples() async throws {
        let fake = FakeMLflow()
        _ = try await publish(to: fake, places: ["golden": place])
        #expect(fake.store.runs.map(\.name) == ["golden"], "A suite without a place is not published.")
        #expect(fake.store.traces.count == 5)
        let ticket = try #require(
            fake.store.traces.first { $0.info?["client_request_id"] == "golden/ticket" })
        #expect(ticket.runID == fake.store.runs[0].id)
        let keys = fake.store.traces.compactMap { $0.info?["tags"]?["mlflow.eval.requestId"]?.string }
        #expect(Set(keys).count == 5 && keys.allSatisfy { $0.count == 32 })
        let again = FakeMLflow()
        _ = try await publish(to: again, places: ["golden": place])
        let repeated = again.store.traces.compactMap { $0.info?["tags"]?["mlflow.eval.requestId"]?.string }
        #expect(repeated.sorted() == keys.sorted())
        #expect(ticket.info?["trace_metadata"]?["mlflow.modelId"] == "m-1")
        #expect(ticket.info?["tags"]?["mlflow.traceName"] == "golden/ticket")
        #expect(ticket.assessments.map { $0["assessment_name"] } == ["allPassed", "any", "equals"])
        #expect(ticket.assessments.map { $0["feedback"] } == Array(repeating: ["value": false], count: 3))
        #expect(
            ticket.assessments[2]["rationale"]
                == "✗ meets `equals`: The answer is not the text that was expected.")
        let tokens = try #require(fake.store.traces.first { $0.info?["client_request_id"] == "golden/tokens" })
        #expect(tokens.assessments.allSatisfy { $0["feedback"]?["error"] != nil && $0["feedback"]?["value"] == nil })
        let silence = try #require(fake.store.traces.first { $0.info?["client_request_id"] == "golden/silence" })
        #expect(silence.assessments.map { $0["assessment_name"] } == ["allPassed"])
    }

    @Test("A run whose answer was lost is found again, and made once")
    func lostAnswer() async throws {
        let fake = FakeMLflow()
        fake.cut(.answer(1))
        let warnings = try await publish(to: fake, places: ["golden": place])
        #expect(warnings.isEmpty && fake.store.runs.count == 1 && fake.store.traces.count == 5)
    }

    @Test("A run that a request delivered twice has made is deleted when the other one ends")
    func twin() async throws {
        let fake = FakeMLflow()
        let tags = ["drover.evaluation": "one/golden"]
        _ = try await fake.server().createRun(
            inExperiment: place.experimentID, name: "golden", startTime: 1, tags: tags)
        _ = try await publish(to: fake, places: ["golden": place])
        #expect(fake.store.runs.map(\.isDeleted) == [true, false])
        #expect(fake.store.runs.last?.status != "RUNNING")
    }

    @Test("What MLflow refuses is told once a suite, and tried once")
    func refused() async throws {
        let fake = FakeMLflow()
        let warnings = try await publish(to: fake, places: ["golden": MLflowPlace(experimentID: "99")])
        #expect(warnings.map(\.code.name) == ["not-published"] && warnings.first?.severity == .warning)
        #expect(warnings.first?.detail.contains("No Experiment with id=99 exists") == true)
        #expect(fake.arrivals.count == 1)
    }

    @Test("A report that MLflow refuses is told, and its run ends as it went")
    func refusedReport() async throws {
        try await withTemporaryDirectory { directory in
            let fake = FakeMLflow()
            let refusing = Interposed(fake) { request, send in
                guard request.method == .put else { return try await send() }
                let said = #"{"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid path"}"#
                return HTTPResponse(status: 400, body: Array(said.utf8))
            }
            let log = try SampleLog.create("\(directory)/run.jsonl")
            let warnings = try await publish(to: fake, places: ["golden": place], log: log, through: refusing.mlflow)
            #expect(warnings.map(\.code.name) == ["not-published"])
            #expect(warnings.first?.detail.contains("Invalid path") == true)
            #expect(fake.store.runs.map(\.status) == ["FAILED"])
        }
    }

    @Test("A table keeps its name, without what MLflow refuses in one")
    func tableNames() {
        #expect(EvaluationTables.name(of: "tables/cases.csv") == "cases.csv")
        #expect(EvaluationTables.name(of: "tables/case #1\u{7}\\%41.csv") == "case _1___41.csv")
    }

    @Test("What MLflow missed is kept, sent by the next run as if it had been there, and told")
    func spooled() async throws {
        try await withTemporaryDirectory { directory in
            let folder = "\(directory)/.drover/unsent"
            let fake = FakeMLflow()
            _ = try await publish(to: fake, places: ["golden": place], spool: Spool(in: folder, name: "zero"))
            #expect(Spool.files(in: folder) == [], "What is published is not kept.")
            let expected = fake.store
            let away = FakeMLflow()
            away.cut(.before(1))
            let log = try SampleLog.create("\(directory)/run.jsonl")
            let warnings = try await publish(
                to: away, places: ["golden": place], deadline: .milliseconds(20),
                spool: Spool(in: folder, name: "one"), log: log)
            #expect(warnings.first?.fix?.contains("`\(folder)/one.jsonl`") == true, "\(warnings)")
            #expect(Spool.files(in: folder) == ["\(folder)/one.jsonl"])
            let failed = await SpoolSender(to: away.server()).sendAll(in: folder)
            #expect(failed.sent == 0 && failed.warnings.map(\.code.name) == ["not-sent"])

            let back = FakeMLflow()
            let sent = await SpoolSender(to: back.server()).sendAll(in: folder)
            #expect(sent.sent == 1 && sent.warnings.isEmpty && Spool.files(in: folder) == [])
            let run = try #require(back.store.runs.first)
            let whole = try #require(expected.runs.first)
            #expect(back.store.runs.count == 1 && run.status == "FAILED" && run.metrics == whole.metrics)
            #expect(Set(run.tags.map(\.key)) == Set(whole.tags.map(\.key)) && run.datasets == whole.datasets)
            #expect(back.store.traces.count == 5 && back.store.traces.allSatisfy { $0.runID == run.id })
            #expect(Self.files(of: run, in: back) == ["drover-verdicts.json", "drover.json"])
            #expect(Self.files(of: whole, in: fake) == ["drover-verdicts.json", "drover.json"])
            let names = { (store: FakeMLflowStore) in store.traces.map { $0.assessments.count }.sorted() }
            #expect(names(back.store) == names(expected))
        }
    }

    @Test("Where there is no room for traces, what became of a suite is kept all the same")
    func fullSpool() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            let warnings = try await publish(
                to: away, places: ["smoke": place], deadline: .milliseconds(20),
                spool: Spool(in: directory, name: "one", room: 1),
                log: try SampleLog.create("\(directory)/run.log"))
            #expect(warnings.first?.fix?.contains("there is room for") == true, "\(warnings)")
            let back = FakeMLflow()
            let sent = await SpoolSender(to: back.server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
            #expect(back.store.traces.isEmpty && back.store.runs.map(\.status) == ["FINISHED"])
        }
    }

    @Test("The log of a run whose suites are sent later is read once for all of them")
    func spooledLog() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            _ = try await publish(
                to: away, places: ["golden": place, "smoke": place], deadline: .milliseconds(20),
                spool: Spool(in: directory, name: "one"), log: try SampleLog.create("\(directory)/run.log"))
            let back = FakeMLflow()
            let reads = Reads()
            let sender = SpoolSender(to: back.server()) { path in
                reads.names.withLock { $0.append(path) }
                return try RecordedRun.read(try SampleLog.read(path))
            }
            let sent = await sender.sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty)
            #expect(reads.names.withLock { $0 } == ["\(directory)/run.log"])
            for run in back.store.runs {
                #expect(Self.files(of: run, in: back) == ["drover-verdicts.json", "drover.json"])
            }
        }
    }

    @Test("What a gate found is evidence also when it is sent later; without the log there is no report, which is told")
    func spooledEvidence() async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            _ = try await publish(
                to: away, places: ["smoke": place], deadline: .milliseconds(20),
                spool: Spool(in: directory, name: "one"), log: try SampleLog.create("\(directory)/run.log"))
            try FileManager.default.removeItem(atPath: "\(directory)/run.log")
            let back = FakeMLflow()
            let sent = await SpoolSender(to: back.server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["reports-not-sent"])
            let run = try #require(back.store.runs.first)
            let tags = Dictionary(run.tags.map { ($0.key, $0.value) }) { first, _ in first }
            let evidence = try #require(tags["drover.evidence"].flatMap { Evidence($0) })
            #expect(evidence.run == run.id && evidence.key == "k1" && tags["drover.evidence.key"] == "k1")
            #expect(evidence.verdict == "passed" && evidence.samples.passed > 0 && !evidence.at.isEmpty)
        }
    }

    @Test("Where what was tested has changed meanwhile, what passed is no evidence; its results are there all the same")
    func changedMeanwhile() async throws {
        try await withTemporaryDirectory { directory in
            for (number, changed) in [Set(["smoke"]), ["golden"]].enumerated() {
                let fake = FakeMLflow()
                let log = try SampleLog.create("\(directory)/\(number).log")
                #expect(try await publish(to: fake, places: ["smoke": place], log: log, changed: changed).isEmpty)
                let run = try #require(fake.store.runs.first)
                let tags = Dictionary(run.tags.map { ($0.key, $0.value) }) { first, _ in first }
                #expect(tags["drover.verdict"] == "passed" && run.status == "FINISHED")
                #expect((tags["drover.evidence"] == nil) == changed.contains("smoke"))
            }
        }
    }

    @Test(
        "What MLflow refuses for now is kept, and sent by the next run; what it refuses for good is only told",
        arguments: [(401, true), (403, true), (408, true), (429, true), (500, true), (400, false), (404, false)])
    func refusedForNow(status: Int, isKept: Bool) async throws {
        for operation in ["runs/create", "runs/log-batch", "runs/update"] {
            try await withTemporaryDirectory { directory in
                let fake = FakeMLflow()
                let refusing = Interposed(fake) { request, send in
                    guard request.url.hasSuffix("/mlflow/\(operation)") else { return try await send() }
                    let said = #"{"error_code": "REFUSED", "message": "Not like this"}"#
                    return HTTPResponse(status: status, body: Array(said.utf8))
                }
                let warnings = try await publish(
                    to: fake, places: ["golden": place], spool: Spool(in: directory, name: "one"),
                    log: try SampleLog.create("\(directory)/run.log"), through: refusing.mlflow)
                #expect(warnings.map(\.code.name) == ["not-published"], "\(operation): \(warnings)")
                #expect(warnings.first?.detail.contains("Not like this") == true, "\(operation)")
                #expect(Spool.files(in: directory) == (isKept ? ["\(directory)/one.jsonl"] : []), "\(operation)")
                let sent = await SpoolSender(to: fake.server()).sendAll(in: directory)
                #expect(sent.sent == (isKept ? 1 : 0) && sent.warnings.isEmpty, "\(operation): \(sent.warnings)")
                guard isKept else { return }
                #expect(fake.store.runs.map(\.status) == ["FAILED"] && fake.store.traces.count == 5, "\(operation)")
            }
        }
    }

    /// What became of runs that MLflow has already when they are sent.
    enum Twin: CaseIterable {
        /// The answers to two deliveries of one creation were lost.
        case bothRunning
        /// The second of them ended before it was known that it did.
        case oneEnded
        /// All was sent, but the spool is still there.
        case spoolTwice
    }

    @Test("A run that MLflow has already, also twice, is there once when it is sent", arguments: Twin.allCases)
    func spooledTwin(_ twin: Twin) async throws {
        try await withTemporaryDirectory { directory in
            let away = FakeMLflow()
            away.cut(.before(1))
            _ = try await publish(
                to: away, places: ["golden": place], deadline: .milliseconds(20),
                spool: Spool(in: directory, name: "one"), log: try SampleLog.create("\(directory)/run.log"))
            let back = FakeMLflow()
            let server = back.server()
            for _ in 0..<(twin == .spoolTwice ? 0 : 2) {
                _ = try await server.createRun(
                    inExperiment: place.experimentID, name: "golden", startTime: 1,
                    tags: ["drover.evaluation": "one/golden"])
            }
            switch twin {
            case .bothRunning: break
            case .oneEnded: try await server.updateRun(back.store.runs[1].id, status: .failed, endTime: 2)
            case .spoolTwice:
                try FileManager.default.copyItem(atPath: "\(directory)/one.jsonl", toPath: "\(directory)/two.jsonl")
            }
            let sent = await SpoolSender(to: server).sendAll(in: directory)
            #expect(sent.sent == (twin == .spoolTwice ? 2 : 1) && sent.warnings.isEmpty, "\(sent.warnings)")
            let left = back.store.runs.filter { !$0.isDeleted }
            #expect(left.map(\.status) == ["FAILED"] && back.store.traces.count == 5)
            if twin == .oneEnded { #expect(left.first?.id == back.store.runs[1].id) }
            #expect(back.store.traces.allSatisfy { $0.runID == left.first?.id })
        }
    }

    @Test("With MLflow away, everything else goes on, and what is missing is told")
    func away() async throws {
        let fake = FakeMLflow()
        fake.cut(.before(1))
        let warnings = try await publish(to: fake, places: ["golden": place], deadline: .milliseconds(20))
        #expect(warnings.map(\.code.name) == ["not-published"])
        #expect(warnings.first?.detail.hasPrefix("The evaluation run of the suite `golden` is missing") == true)
    }
}
