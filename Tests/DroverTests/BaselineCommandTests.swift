import Fakes
import FoundationEssentials
import Language
import Support
import Testing

/// `drover test bless` and `--baseline`, as a user runs them, with a served agent and a fake MLflow.
@Suite("Baselines on the command line")
struct BaselineCommandTests {
    private static let experiment = """
        drover: v1
        stack: compared
        experiments: {answers: {}}

        """

    /// - Parameter wanted: What the first of two cases wants; the agent says how many messages it was sent.
    private static func spec(_ wanted: String, thresholds: String = "{}") -> String {
        experiment + """
            agents: {support: {model: m, instructions: Be brief., log: false}}
            suites:
              smoke:
                agent: support
                experiment: answers
                thresholds: \(thresholds)
                cases:
                  - {name: greeting, input: Hello, expect: [{contains: \(wanted)}], repeat: 2}
                  - {name: farewell, input: Bye, expect: [{contains: messages}], repeat: 2}

            """
    }

    private func withServers(
        _ body: @escaping @Sendable (_ test: Tried) async throws -> Void
    ) async throws {
        try await LoopbackServer.withServer(serving: FakeServedAgent(streams: true)) { agent in
            try await LoopbackServer.withServer(serving: FakeMLflow()) { mlflow in
                try await withTemporaryDirectory { directory in
                    let drover = DroverProgram(in: directory, environment: ["DROVER_MLFLOW_URL": mlflow])
                    let tried = Tried(drover: drover, directory: directory, agent: agent)
                    try tried.write(Self.experiment)
                    let applied = try await drover("apply", "--yes")
                    #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
                    try await body(tried)
                }
            }
        }
    }

    private struct Tried: Sendable {
        let drover: DroverProgram
        let directory: String
        let agent: String

        func write(_ spec: String) throws {
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
        }

        func callAsFunction(_ arguments: String...) async throws -> DroverProgram.Ended {
            try await drover.run(
                DroverProgram.path, ["test", ".", "--target", "served", "--url", agent] + arguments)
        }
    }

    @Test("A blessed run is what a later one is compared with, case by case")
    func blessed() async throws {
        try await withServers { test in
            try test.write(Self.spec("messages"))
            let none = try await test("--baseline", "blessed")
            #expect(none.code == 64 && none.errors.contains("nothing-blessed"), "\(none.code)\(none.errors)")
            let first = try await test()
            #expect(first.code == 0, "\(first.output)\(first.errors)")
            let bless = try await test.drover("test", "bless", ".")
            #expect(
                bless.code == 0 && bless.output.contains("of smoke: passed, 2 cases"), "\(bless.output)\(bless.errors)")
            try test.write(Self.spec("nothing"))
            let second = try await test("--baseline", "blessed")
            #expect(second.code == 4, "\(second.output)\(second.errors)")
            #expect(second.output.contains("beside the baseline blessed (run "), "\(second.output)")
            #expect(second.output.contains("1 worse, 1 same") && second.output.contains("worse, 2/2 → 0/2"))
            let again = try await test.drover("test", "bless", ".", "--run", "ffffffffffffffffffffffffffffffff")
            #expect(again.code == 64 && again.errors.contains("unknown-baseline"), "\(again.errors)")
        }
    }

    @Test("A run is named by how its id in MLflow begins, by the id that the program told, or by its log")
    func short() async throws {
        try await withServers { test in
            try test.write(Self.spec("messages"))
            let first = try await test()
            let told = try #require(first.errors.firstMatch(of: /Run (\S+) is kept in (\S+\.jsonl)/), "\(first.errors)")
            let bless = try await test.drover("test", "bless", ".", "--run", String(told.2))
            #expect(bless.code == 0 && bless.output.contains("of smoke: passed"), "\(bless.output)\(bless.errors)")
            let byID = try await test.drover("test", "bless", ".", "--run", String(told.1))
            #expect(byID.code == 0 && byID.output == bless.output, "\(byID.output)\(byID.errors)")
            try test.write(Self.spec("nothing"))
            // The fake's first run is 0 with leading zeros.
            for name in ["00000000", String(told.1)] {
                let second = try await test("--baseline", name)
                #expect(
                    second.code == 4 && second.output.contains("1 worse, 1 same"), "\(second.output)\(second.errors)")
            }
            let several = try await test("--baseline", "00000000")
            #expect(several.code == 64 && several.errors.contains("More than one run is meant"), "\(several.errors)")
            let none = try await test.drover("test", "bless", ".", "--run", "compared-20260601-120000-3f2a")
            #expect(none.code == 64 && none.errors.contains("nothing-to-bless"), "\(none.errors)")
        }
    }

    @Test("A suite that must be no worse stays open until a run is blessed, and then says what would decide")
    func noWorse() async throws {
        try await withServers { test in
            try test.write(Self.spec("messages", thresholds: "{noWorseThan: {margin: 0.05}}"))
            let first = try await test()
            #expect(
                first.code == 5 && first.output.contains("there is no such run yet"), "\(first.output)\(first.errors)")
            #expect(first.errors.contains("suite-hardly-decides"), "\(first.errors)")
            _ = try await test.drover("test", "bless", ".")
            let second = try await test()
            #expect(
                second.code == 5 && second.output.contains("pairs would decide"), "\(second.output)\(second.errors)")
        }
    }

    @Test(
        "What is no baseline is told before anything is asked",
        arguments: [("yesterday", "unknown-baseline"), ("drover.yaml", "not-a-log")])
    func unknown(name: String, code: String) async throws {
        try await withServers { test in
            try test.write(Self.spec("messages"))
            let ended = try await test("--baseline", name)
            #expect(ended.code != 0 && ended.errors.contains(code), "\(ended.code)\(ended.errors)")
            #expect(!ended.output.contains("passed"))
        }
    }
}
