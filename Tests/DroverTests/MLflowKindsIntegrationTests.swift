import FoundationEssentials
import Language
import Support
import Testing

/// What a spec says of MLflow, applied to real servers and read back with MLflow's own client.
@Suite(.serialized) struct MLflowKindsIntegrationTests {
    /// The newest, whose packages take their time to install, with the matrix only.
    private static let versions =
        ["3.17.2", "3.5.1"] + (ProcessInfo.processInfo.environment["DROVER_MATRIX"] == "all" ? ["3.18.0"] : [])

    @Test("MLflow's own client finds every declared object, before and after changes", arguments: versions)
    func readBack(version: String) async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try FileManager.default.copyItem(
                atPath: "\(packageRoot)/specs/quickstart", toPath: "\(directory)/quickstart")
            try succeed(await drover("lab", "up", "--mlflow", version, "--script", "quickstart/lab/model.yaml"))
            do {
                try await story(drover, directory, version)
                // With the default version, the story of the quickstart does it.
                if version != "3.17.2" { try await published(drover, directory, version) }
            } catch {
                _ = try await drover("lab", "down", "--purge")
                throw error
            }
            try succeed(await drover("lab", "down", "--purge"))
        }
    }

    private static let spec = """
        drover: v1
        stack: kinds
        experiments:
          desk: {description: Answers to customers, tags: {team: support}}
        registeredModels:
          desk-model: {description: The desk, tags: {team: support}}
        prompts:
          words:
            description: What the desk is told
            template: {file: words.md}
            tags: {team: support}
            alias: production
          talk: {template: [{role: system, content: "Be {{mood}}."}, {role: user, content: "{{question}}"}]}
        datasets:
          refunds: {experiment: desk, file: refunds.csv, tags: {team: support}}

        """

    private static let first: Value = [
        "experiments": [
            [
                "name": "desk", "description": "Answers to customers",
                "tags": ["team": "support", "drover.stack": "kinds"],
            ]
        ],
        "registeredModels": [["name": "desk-model", "description": "The desk", "tags": ["team": "support"]]],
        "prompts": [
            [
                "name": "words", "version": 1, "template": "Help customers of {{ product }}.\n",
                "tags": ["team": "support"], "description": "What the desk is told", "alias": "production",
                "variables": ["product"], "values": ["product": "Acme"], "formatted": "Help customers of Acme.\n",
            ],
            [
                "name": "talk", "version": 1, "tags": [:], "variables": ["mood", "question"],
                "template": [
                    ["role": "system", "content": "Be {{mood}}."], ["role": "user", "content": "{{question}}"],
                ],
            ],
        ],
        "datasets": [
            [
                "name": "refunds", "experiment": "desk", "tags": ["team": "support"],
                "records": [
                    ["inputs": ["question": "When?"], "expectations": ["answer": "30 days"]],
                    ["inputs": ["question": "Where?"], "expectations": ["answer": "Oslo"], "tags": ["case": "b"]],
                ],
            ]
        ],
    ]

    private static let second: Value = [
        "experiments": [["name": "desk", "description": "All answers", "tags": ["team": "care"]]],
        "registeredModels": [["name": "desk-model", "description": "The desk", "tags": ["team": "care"]]],
        "prompts": [
            [
                "name": "words", "version": 2, "template": "Serve {{product}}.", "tags": ["team": "care"],
                "description": "What the desk is told", "alias": "production", "variables": ["product"],
            ],
            [
                "name": "talk", "version": 1, "tags": [:], "variables": ["mood", "question"],
                "template": [
                    ["role": "system", "content": "Be {{mood}}."], ["role": "user", "content": "{{question}}"],
                ],
            ],
        ],
        "datasets": [
            [
                "name": "refunds", "experiment": "desk", "tags": ["team": "care"],
                "records": [
                    ["inputs": ["question": "When?"], "expectations": ["answer": "14 days"]],
                    ["inputs": ["question": "How?"], "expectations": ["answer": "By card"]],
                ],
            ]
        ],
    ]

    private func story(_ drover: DroverProgram, _ directory: String, _ version: String) async throws {
        try write(Self.spec, "\(directory)/desk/drover.yaml")
        try write("Help customers of {{ product }}.\n", "\(directory)/desk/words.md")
        try write(
            "question,expectations.answer,tags.case\nWhen?,30 days,a\nWhere?,Oslo,b\n", "\(directory)/desk/refunds.csv")
        try succeed(await drover("apply", "desk", "--yes"))
        try await check(Self.first, directory)
        try await unchanged(drover)

        let changed = Self.spec.replacing("team: support", with: "team: care")
            .replacing("Answers to customers", with: "All answers")
            .replacing("{file: words.md}", with: "\"Serve {{product}}.\"")
        try write(changed, "\(directory)/desk/drover.yaml")
        try write("question,expectations.answer\nWhen?,14 days\nHow?,By card\n", "\(directory)/desk/refunds.csv")
        try succeed(await drover("apply", "desk", "--yes"))
        try await check(Self.second, directory)
        try await unchanged(drover)

        try await restored(drover, directory)
        try await deletedRecord(drover, directory)
        try succeed(await drover("destroy", "desk", "--yes"))
        let again = try await drover("destroy", "desk", "--yes")
        #expect(again.code == 0 && again.output.contains("Nothing to change"), "\(again.output)\(again.errors)")
    }

    /// An experiment that somebody deletes is restored, with what it held.
    private func restored(_ drover: DroverProgram, _ directory: String) async throws {
        let code = """
            import mlflow
            client = mlflow.MlflowClient()
            client.delete_experiment(client.get_experiment_by_name("desk").experiment_id)
            """
        try succeed(await python(directory, ["-c", code]))
        let plan = try await drover("plan", "desk")
        #expect(
            plan.output.contains("state: \"deleted\" → \"active\"") || plan.output.contains("restored"),
            "\(plan.output)")
        try succeed(await drover("apply", "desk", "--yes"))
        try await check(Self.second, directory)
        try await unchanged(drover)
    }

    /// The history of a record that somebody deletes is told, and goes on with the apply that restores it.
    private func deletedRecord(_ drover: DroverProgram, _ directory: String) async throws {
        let before = try await history(drover)
        #expect(before == Array(1...before.count) && before.count >= 3)
        let code = """
            import mlflow
            client = mlflow.MlflowClient()
            client.delete_experiment(client.get_experiment_by_name("drover/kinds").experiment_id)
            """
        try succeed(await python(directory, ["-c", code]))
        let told = try await drover("history", "desk")
        #expect(told.code == 0 && told.errors.contains("[deleted-record]"), "\(told.output)\(told.errors)")
        #expect(try await history(drover) == before)
        let plan = try await drover("plan", "desk", "--exit-code")
        #expect(plan.code == 0 && plan.errors.contains("[deleted-record]"), "\(plan.output)\(plan.errors)")

        let path = "\(directory)/desk/drover.yaml"
        let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        try write(text.replacing("description: The desk", with: "description: The whole desk"), path)
        try succeed(await drover("apply", "desk", "--yes"))
        #expect(try await history(drover) == before + [before.count + 1])
        let first = try await drover("history", "show", "1", "desk")
        #expect(first.code == 0 && first.output.contains("words.md"), "\(first.output)\(first.errors)")
        #expect(!first.errors.contains("[deleted-record]"), "\(first.errors)")
        try await unchanged(drover)
    }

    /// The numbers of all applies.
    private func history(_ drover: DroverProgram) async throws -> [Int] {
        let listed = try await drover("history", "desk", "--format", "json")
        let applies = try #require(Value(json: listed.output.utf8)["applies"]?.array, "\(listed.errors)")
        return applies.compactMap { $0["number"]?.integer }.sorted()
    }

    /// The evaluation run of a suite and the trace of an answer, as MLflow's own client reads them.
    private func published(_ drover: DroverProgram, _ directory: String, _ version: String) async throws {
        try succeed(await drover("up", "quickstart", "--yes"))
        let place = ["--experiment", "quickstart", "--model", "quickstart-support"]
        let evaluation =
            ["\(packageRoot)/Tests/Python/check_evaluation.py", "--suite", "smoke", "--cases", "7"] + place
            + ["--tool", "smoke/refund-window=RETRIEVER:knowledge"]
        try succeed(await python(directory, evaluation))
        if version == "3.18.0" {
            try succeed(await drover("test", "quickstart", "--suite", "smoke"))
            try succeed(await python(directory, evaluation + ["--compare"]))
            try await compared(drover, directory)
        }
        let question = "How long does shipping to Norway take?"
        try succeed(await drover("invoke", "support", question, "--spec", "quickstart"))
        let uri = "models:/quickstart-support/latest"
        try succeed(await drover("invoke", "--model-version", uri, question))
        let answers =
            ["\(packageRoot)/Tests/Python/check_answer_trace.py", "--question", question, "--count", "2"] + place
            + ["--answer", "4 working days", "--tool", "RETRIEVER:knowledge"]
        try succeed(await python(directory, answers))
        let again = try await drover("plan", "quickstart", "--exit-code")
        #expect(again.code == 0, "\(again.output)\(again.errors)")
        try succeed(await drover("destroy", "quickstart", "--yes"))
    }

    /// A second plan is empty, and takes one request a listing.
    private func unchanged(_ drover: DroverProgram) async throws {
        let plan = try await drover("plan", "desk", "--exit-code", "--format", "json")
        #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
        let requests = try #require(try Value(json: plan.output.utf8)["requests"]?.integer)
        #expect(requests <= 9)
    }

    private func check(_ expected: Value, _ directory: String) async throws {
        try write(expected.prettyJSON, "\(directory)/expected.json")
        let script = "\(packageRoot)/Tests/Python/check_kinds.py"
        try succeed(await python(directory, [script, "\(directory)/expected.json"]))
    }

    func python(_ directory: String, _ arguments: [String]) async throws -> DroverProgram.Ended {
        let data = try #require(FileManager.default.contents(atPath: "\(directory)/.drover/lab.json"))
        let lab = try Value(json: data)
        let tracking = try #require(lab["mlflow"]?["url"]?.string)
        let program = DroverProgram(in: directory, environment: ["MLFLOW_TRACKING_URI": tracking])
        return try await program.run(try #require(lab["pythons"]?["mlflow"]?.string), arguments)
    }

    func write(_ text: String, _ path: String) throws {
        let file = URL(filePath: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func succeed(_ ended: DroverProgram.Ended) throws {
        try #require(ended.code == 0, "\(ended.output)\(ended.errors)")
    }
}
