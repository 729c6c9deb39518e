import Fakes
import FoundationEssentials
import Language
import Runtime
import Support
import Synchronization
import Testing
import Wire

/// What counts for a gate, and what does not.
extension ReleaseCommandTests {
    /// The same spec without its release.
    private static func unreleased(_ spec: String) -> String {
        let lines = spec.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.filter { !$0.hasPrefix("releases:") }.joined(separator: "\n")
    }

    @Test("An alias with another name goes there though no gate has to be tried")
    func renamedAlias() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            let renamed = Self.spec().replacing("alias: production", with: "alias: live")
            try await shop.apply(renamed, code: 0, saying: "releases.production")
            let aliases = try await shop.mlflow.server().registeredModels().first { $0.name == "shop-desk" }?.aliases
            #expect(aliases == ["live": "1"])
            let plan = try await shop.drover("plan", "--exit-code")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
        }
    }

    @Test("A judge that may not gate does not, whoever ran the suite")
    func unfitJudge() async throws {
        let expect = "[{any: [{contains: ANSWER}, {judge: kind}]}]"
        let judged =
            Self.spec(expect: expect)
            + "judges: {kind: {model: scripted/llm, rubric: It is kind., minAgreement: 0.9}}\n"
        try await withShop { shop in
            try await shop.apply(Self.unreleased(judged), code: 0)
            let tested = try await shop.drover("test")
            #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
            try await shop.apply(judged, code: 5, saying: "[judge-not-calibrated]")
            #expect(try await shop.alias == nil)
        }
    }

    @Test("Logs, which go elsewhere, name commands without the spec and the options of their run")
    func commandsInLogs() async throws {
        try await withShop { shop in
            try shop.write(Self.unreleased(Self.spec()))
            let tested = try await shop.drover("test", "drover.yaml", "--log", "run.jsonl")
            #expect(tested.code != 0, "\(tested.output)\(tested.errors)")
            let bytes = try FileBytes.read("\(shop.directory)/run.jsonl", atMost: 1 << 20)
            let log = String(decoding: bytes, as: UTF8.self)
            #expect(log.contains("Run `drover apply` first, or use `--from-spec`"), "\(log)")
            #expect(!log.contains("drover apply drover.yaml"), "\(log)")
        }
    }

    @Test("A failure that more samples could not have mended counts, though not all were taken")
    func failedPartly() async throws {
        let quarantined = "name: thanks, quarantine: {reason: flaky, until: 2026-01-01}"
        let failing = Self.spec(expect: "[{contains: nothing of the kind}]")
            .replacing("name: thanks", with: quarantined)
        try await withShop { shop in
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            try await shop.apply(failing, code: 4, saying: "is not tried again until luck passes it")
            #expect(try await shop.alias == nil)
        }
    }

    @Test("Another model behind the name that a judge has for its own judges otherwise: the evidence does not count")
    func judgesModel() async throws {
        let expect = "[{any: [{contains: ANSWER}, {judge: kind}]}]"
        let judged =
            Self.spec(expect: expect)
            + "judges: {kind: {model: nick, rubric: It is kind.}}\nmodels: {nick: {id: scripted/llm}}\n"
        try await withShop { shop in
            try await shop.apply(judged, code: 0, saying: "1 promoted")
            let renamed = judged.replacing("alias: production", with: "alias: live")
                .replacing("releases: {production:", with: "releases: {other:")
            try shop.write(renamed)
            let cited = try await shop.drover("plan")
            #expect(cited.output.contains("passed on"), "\(cited.output)\(cited.errors)")
            try shop.write(renamed.replacing("{id: scripted/llm}", with: "{id: scripted/embed}"))
            let open = try await shop.drover("plan")
            #expect(open.output.contains("suites.manners") && !open.output.contains("passed on"), "\(open.output)")
        }
    }

    @Test("A suite during which something changes that its evidence depends on leaves none, and says so")
    func changedMeanwhile() async throws {
        let judged = Self.unreleased(Self.spec(expect: "[{exec: {command: [sh, check.sh]}}]"))
        let steady = "cat >/dev/null; echo '{\"pass\": true}'\n"
        try await withShop { shop in
            try shop.write("check.sh", "cat >/dev/null; echo '# later' >>check.sh; echo '{\"pass\": true}'\n")
            try await shop.apply(judged, code: 0)
            let changed = try await shop.drover("test", "--allow-exec")
            #expect(changed.code == 0 && changed.errors.contains("warning[changed-meanwhile]"), "\(changed.errors)")
            #expect(shop.mlflow.store.runs.allSatisfy { run in !run.tags.contains { $0.key == "drover.evidence" } })
            try shop.write("check.sh", steady)
            let same = try await shop.drover("test", "--allow-exec")
            #expect(same.code == 0 && !same.errors.contains("changed-meanwhile"), "\(same.errors)")
            #expect(shop.mlflow.store.runs.contains { run in run.tags.contains { $0.key == "drover.evidence" } })
        }
    }

    @Test("A shard that goes on with one during which something changed leaves no evidence, and says so")
    func changedBefore() async throws {
        let judged = Self.unreleased(Self.spec(expect: "[{exec: {command: [sh, check.sh]}}]"))
        let restless = "cat >/dev/null; echo '# later' >>check.sh; echo '{\"pass\": true}'\n"
        try await withShop { shop in
            try shop.write("check.sh", restless)
            try await shop.apply(judged, code: 0)
            let words = ["test", "--allow-exec", "--shard", "1/2"]
            let first = try await shop.drover.run(DroverProgram.path, words + ["--log", "first.jsonl"])
            #expect(first.errors.contains("warning[changed-meanwhile]"), "\(first.errors)")
            try shop.write("check.sh", restless)
            let second = try await shop.drover.run(DroverProgram.path, words + ["--resume", "first.jsonl"])
            #expect(second.errors.contains("in the run that this one goes on with"), "\(second.errors)")
            #expect(shop.mlflow.store.runs.allSatisfy { run in !run.tags.contains { $0.key == Evidence.tag } })
        }
    }

    @Test("A gate during which something changes that its evidence depends on does not pass: the alias stays")
    func changedGate() async throws {
        let judged = Self.spec(expect: "[{exec: {command: [sh, check.sh]}}]")
        try await withShop { shop in
            try shop.write("check.sh", "cat >/dev/null; echo '# later' >>check.sh; echo '{\"pass\": true}'\n")
            try shop.write(judged)
            let changed = try await shop.drover.run(DroverProgram.path, ["apply", "--yes", "--allow-exec"])
            #expect(changed.code != 0 && changed.errors.contains("error[gate-inconclusive]"), "\(changed.errors)")
            #expect(changed.errors.contains("has changed meanwhile"), "\(changed.errors)")
            #expect(try await shop.alias == nil)
            try shop.write("check.sh", "cat >/dev/null; echo '{\"pass\": true}'\n")
            try await shop.apply(judged, "--allow-exec", code: 0, saying: "1 promoted")
            #expect(try await shop.alias == "1")
        }
    }

    @Test("A gate whose program may not run, or is not there, is told before anything is changed")
    func forbiddenProgram() async throws {
        let judged = Self.spec(expect: "[{exec: {command: [./check]}}]")
        try await withShop { shop in
            try await shop.apply(judged, code: 64, saying: "error[exec-not-allowed]", "--allow-exec")
            try await shop.apply(judged, "--allow-exec", code: 10, saying: "check")
            #expect(shop.mlflow.store.runs.isEmpty && shop.mlflow.store.experiments.allSatisfy { $0.name != "answers" })
            #expect(try await shop.mlflow.server().registeredModels().allSatisfy { $0.name != "shop-desk" })
        }
    }

    @Test("Another program that judges is another suite: what the old one said does not count")
    func program() async throws {
        let judged = Self.spec(expect: "[{exec: {command: [sh, check.sh]}}]")
        try await withShop { shop in
            try shop.write("check.sh", "cat >/dev/null; echo '{\"pass\": true}'\n")
            try await shop.apply(judged, "--allow-exec", code: 0, saying: "1 promoted")
            let renamed = judged.replacing("alias: production", with: "alias: live")
            try shop.write(renamed.replacing("releases: {production:", with: "releases: {other:"))
            let cited = try await shop.drover("plan")
            #expect(cited.output.contains("passed on"), "\(cited.output)\(cited.errors)")
            try shop.write("check.sh", "cat >/dev/null; echo '{\"pass\": false}'\n")
            let open = try await shop.drover("plan")
            #expect(open.output.contains("suites.manners") && !open.output.contains("passed on"), "\(open.output)")
        }
    }

    @Test("What failed its gate since it waits for approval is not promoted, but for a reason, which is kept")
    func failedSince() async throws {
        let manual = ", approve: manual"
        try await withShop { shop in
            try await shop.apply(Self.spec(release: manual), code: 0)
            try shop.write(Self.spec(expect: "[{contains: nothing of the kind}]", release: manual))
            let tested = try await shop.drover("test")
            #expect(tested.code == 4, "\(tested.output)\(tested.errors)")
            let refused = try await shop.drover.run(DroverProgram.path, ["approve", "production", "--yes"])
            #expect(refused.code == 4 && refused.errors.contains("error[gate-failed]"), "\(refused.errors)")
            #expect(try await shop.alias == nil)
            let reason = ["approve", "production", "--yes", "--override", "the suite is wrong"]
            let approved = try await shop.drover.run(DroverProgram.path, reason)
            #expect(approved.code == 0 && approved.errors.contains("It is overridden"), "\(approved.errors)")
            #expect(try await shop.alias == "1")
            let history = try await shop.drover("history").output
            #expect(history.contains("--override: the suite is wrong"), "\(history)")
        }
    }

    /// Runs the suite, and leaves a second run of it that waits for MLflow.
    /// - Parameter verdict: What the second one is evidence of; nil for none.
    private func leaveUnsent(_ verdict: String?, in shop: Shop) async throws {
        let tested = try await shop.drover("test", "--log", "run.jsonl")
        #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
        let log = try FileBytes.read("\(shop.directory)/run.jsonl", atMost: 1 << 20)
        let run = try #require(try Value(json: log.prefix { $0 != UInt8(ascii: "\n") })["run"])
        let evaluation = try #require(run["evaluations"]?["manners"])
        var evidence = try #require(Self.evidence(in: shop).last)
        evidence.verdict = verdict
        let now = Int(Date().timeIntervalSince1970 * 1000)
        let begun: Value = [
            "suite": "manners", "server": run["mlflow"] ?? .null, "place": evaluation["place"] ?? .null,
            "keyTag": "drover.evaluation", "key": "unsent/manners", "startTime": .integer(now),
            "tags": ["drover.evaluation": "unsent/manners"], "dataset": evaluation["dataset"] ?? .null,
        ]
        var end: [String: Value] = [
            "suite": "manners", "metrics": [:], "tags": [:], "passed": false, "time": .integer(now),
        ]
        if verdict != nil { end["evidence"] = try Value(json: evidence.text.utf8) }
        let lines = [Value.object(["run": begun]), .object(["end": .object(end)])].map { $0.canonicalJSON + "\n" }
        try FileManager.default.createDirectory(
            atPath: "\(shop.directory)/.drover/unsent", withIntermediateDirectories: true)
        try shop.write(".drover/unsent/one.jsonl", lines.joined())
    }

    /// All that stands in MLflow, the oldest first.
    private static func evidence(in shop: Shop) -> [Evidence] {
        shop.mlflow.store.runs.flatMap(\.tags).filter { $0.key == Evidence.tag }.compactMap { Evidence($0.value) }
    }

    @Test("What failed its gate since then, and waits for MLflow, is sent before anything is promoted")
    func failedUnsent() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(release: ", approve: manual"), code: 0)
            try await leaveUnsent("failed", in: shop)
            let refused = try await shop.drover("approve", "production", "--yes")
            #expect(refused.code == 4 && refused.errors.contains("error[gate-failed]"), "\(refused.errors)")
            #expect(try await shop.alias == nil)
        }
    }

    @Test("A plan tells of a gate what waits for MLflow, until it is sent")
    func toldUnsent() async throws {
        let waits = "; what 1 run found waits here for MLflow, is sent first, and counts"
        try await withShop { shop in
            try await shop.apply(Self.unreleased(Self.spec()), code: 0)
            try await leaveUnsent("passed", in: shop)
            try shop.write(Self.spec())
            let plan = try await shop.drover("plan")
            #expect(plan.output.contains("not run again\(waits)"), "\(plan.output)\(plan.errors)")
            try await shop.apply(Self.spec(), code: 0, saying: "Sent the results of 1 earlier run", "1 promoted")
            let renamed = Self.spec().replacing("alias: production", with: "alias: live")
            try shop.write(renamed.replacing("releases: {production:", with: "releases: {other:"))
            let sent = try await shop.drover("plan")
            #expect(sent.output.contains("not run again") && !sent.output.contains(waits), "\(sent.output)")
        }
    }

    @Test("What waits for MLflow is sent before shards are joined there, whose samples it adds to")
    func joinedUnsent() async throws {
        try await withShop { shop in
            try await shop.apply(Self.unreleased(Self.spec()), code: 0)
            for number in 1...2 {
                let shard = try await shop.drover("test", "--shard", "\(number)/2", "--log", "\(number).jsonl")
                #expect(shard.code == 0, "\(shard.output)\(shard.errors)")
            }
            try await leaveUnsent("failed", in: shop)
            let joined = try await shop.drover("report", "merge", "1.jsonl", "2.jsonl")
            #expect(joined.errors.contains("Sent the results of 1 earlier run"), "\(joined.output)\(joined.errors)")
            #expect(Self.evidence(in: shop).map(\.verdict).contains("failed"))
        }
    }

    /// Does something while the run is sent that waited for MLflow, once it knows the shop.
    private final class Sending: Sendable {
        let shop = Mutex<Shop?>(nil)
        private let evaluation: String
        private let act: @Sendable (Shop) async throws -> Void

        /// - Parameter evaluation: How the key of the run ends before whose creation it acts.
        init(before evaluation: String = "unsent/manners", _ act: @escaping @Sendable (Shop) async throws -> Void) {
            self.evaluation = evaluation
            self.act = act
        }

        func meddle(_ request: HTTPRequest) async throws {
            guard request.url.hasSuffix("/runs/create") else { return }
            let body = String(decoding: try request.body?.collected() ?? [], as: UTF8.self)
            guard body.contains("\(evaluation)\"") else { return }
            let known = shop.withLock { shop in
                defer { shop = nil }
                return shop
            }
            if let known { try await act(known) }
        }
    }

    @Test("A gate that passed by what stood lets nothing through where its suite fails while another gate runs")
    func failedBesideOther() async throws {
        let failing = Sending(before: "/more") { shop in
            let stood = try #require(Self.evidence(in: shop).first)
            try await Self.leave("failed", failed: 1, of: stood, in: shop)
        }
        let cases = "[{name: sum, input: Add, expect: [{contains: ANSWER}]}]"
        let suite = "  more: {agent: desk, experiment: answers, cases: \(cases)}\n"
        let other = Self.spec().replacing("gates: [manners]", with: "gates: [manners, more]")
            .replacing("alias: production", with: "alias: live")
            .replacing("releases: {production:", with: "\(suite)releases: {other:")
        try await withShop(before: failing.meddle) { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            failing.shop.withLock { $0 = shop }
            try await shop.apply(other, code: 4, saying: "is not tried again until luck passes it")
            let models = try await shop.mlflow.server().registeredModels()
            #expect(models.first { $0.name == "shop-desk" }?.aliases["live"] == nil)
        }
    }

    @Test("A gate cannot pass beside samples that failed and cannot be read, and asks nothing in vain")
    func unseenFailures() async throws {
        try await withShop(refusing: [1]) { shop in
            try await shop.apply(Self.spec(), code: 5, saying: "error[gate-inconclusive]")
            let stood = try #require(Self.evidence(in: shop).first)
            try await Self.leave("inconclusive", failed: 1, of: stood, in: shop)
            try await shop.apply(Self.spec(), code: 5, saying: "of which cases cannot be read")
            #expect(try await shop.alias == nil && Self.evidence(in: shop).count == 2)
            let reason = ["apply", "--yes", "--override", "the artifacts are gone"]
            let forced = try await shop.drover.run(DroverProgram.path, reason)
            #expect(forced.code == 0, "\(forced.output)\(forced.errors)")
            #expect(try await shop.alias == "1")
        }
    }

    /// Leaves evidence of a run under a key, of which there are no samples.
    private static func leave(_ verdict: String, failed: Int, of stood: Evidence, in shop: Shop) async throws {
        let left = Evidence(
            suite: stood.suite, key: stood.key, samples: Evidence.Samples(passed: 0, failed: failed, errors: 0),
            attempts: failed, at: stood.at, run: "another", verdict: verdict)
        let server = shop.mlflow.server()
        let answers = try #require(try await server.experiments().first { $0.name == "answers" })
        let tags = [Evidence.tag: left.text, Evidence.keyTag: left.key, Evidence.suiteTag: left.suite]
        _ = try await server.createRun(inExperiment: answers.id, name: "manners", startTime: 1, tags: tags)
    }

    @Test("What is applied while earlier results are sent is what is asked, and what the results are evidence of")
    func appliedMeanwhile() async throws {
        let sending = Sending { shop in
            let applied = try await shop.drover("apply", "--yes")
            #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
        }
        try await withShop(before: sending.meddle) { shop in
            try await shop.apply(Self.unreleased(Self.spec()), code: 0)
            try await leaveUnsent(nil, in: shop)
            try shop.write(Self.unreleased(Self.spec(tone: "Be brief.")))
            sending.shop.withLock { $0 = shop }
            let tested = try await shop.drover("test")
            #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
            let all = Self.evidence(in: shop)
            #expect(all.map(\.version) == ["models:/shop-desk/1", "models:/shop-desk/2"], "\(all) \(tested.errors)")
            #expect(Set(all.map(\.logical)).count == 2)
        }
    }

    @Test("A table that was edited since it was read leaves no evidence of what it is now")
    func editedMeanwhile() async throws {
        let sending = Sending { try $0.write("rows.csv", "question\nHello?\nGood bye!\n") }
        let asked = #"name: hello, forEach: {file: rows.csv}, input: "${row.question}""#
        let spec = Self.unreleased(Self.spec().replacing("name: hello, input: Hello", with: asked))
        try await withShop(before: sending.meddle) { shop in
            try shop.write("rows.csv", "question\nHello?\nThanks!\n")
            try await shop.apply(spec, code: 0)
            try await leaveUnsent(nil, in: shop)
            #expect(Self.evidence(in: shop).count == 1)
            sending.shop.withLock { $0 = shop }
            let tested = try await shop.drover("test")
            #expect(tested.code == 0 && tested.errors.contains("was edited since it was read"), "\(tested.errors)")
            #expect(Self.evidence(in: shop).count == 1)
        }
    }

    @Test("What passed its gate too long ago is not promoted until it passes again")
    func expired() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(release: ", approve: manual"), code: 0)
            let server = shop.mlflow.server()
            for run in shop.mlflow.store.runs {
                let tag = run.tags.first { $0.key == Evidence.tag }?.value
                guard var old = tag.flatMap({ Evidence($0) }) else { continue }
                old.at = "2020-01-01T00:00:00Z"
                try await server.logBatch(toRun: run.id, tags: [Evidence.tag: old.text])
            }
            let refused = try await shop.drover.run(DroverProgram.path, ["approve", "production", "--yes"])
            #expect(refused.code == 5 && refused.errors.contains("results count for"), "\(refused.errors)")
            for run in shop.mlflow.store.runs {
                let tag = run.tags.first { $0.key == Evidence.tag }?.value
                guard var mixed = tag.flatMap({ Evidence($0) }) else { continue }
                (mixed.at, mixed.since) = (Date().formatted(.iso8601), "2020-01-01T00:00:00Z")
                try await server.logBatch(toRun: run.id, tags: [Evidence.tag: mixed.text])
            }
            let needing = try await shop.drover.run(DroverProgram.path, ["approve", "production", "--yes"])
            #expect(needing.code == 5, "\(needing.output)")
            #expect(
                needing.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    .contains("by samples from 2020-01-01T00:00:00Z on: results count for"), "\(needing.errors)")
            let tested = try await shop.drover("test")
            #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
            let approved = try await shop.drover.run(DroverProgram.path, ["approve", "production", "--yes"])
            #expect(approved.code == 0, "\(approved.errors)")
            #expect(try await shop.alias == "1")
        }
    }
}
