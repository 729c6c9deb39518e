import FoundationEssentials
import Language
import Support
import Testing

/// The main job on real servers, as a new user does it.
@Suite(.serialized) struct QuickstartIntegrationTests {
    @Test("The quickstart is applied, passes, heals what is broken behind its back, and goes without leaving anything")
    func wholeStory() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory, environment: PlantedLab.secrets)
            try copyQuickstart(to: directory)
            try succeed(await drover("lab", "up", "--script", "quickstart/lab/model.yaml"))
            do {
                try await story(drover, directory)
            } catch {
                _ = try await drover("lab", "down", "--purge")
                throw error
            }
            try succeed(await drover("lab", "down", "--purge"))
        }
    }

    /// End like this, are sent with every request, and are to be seen nowhere.
    private static let canary = "do-not-print"

    private func story(_ drover: DroverProgram, _ directory: String) async throws {
        let reports = ["--report", "junit=\(directory)/junit.xml", "--report", "json=\(directory)/results.json"]
        let up = try await drover("up", "quickstart", "--yes", reports[0], reports[1], reports[2], reports[3])
        #expect(up.code == 0, "\(up.output)\(up.errors)")
        #expect(up.output.contains("7 passed, 0 failed, 0 inconclusive"))
        let junit = try text("\(directory)/junit.xml")
        #expect(junit.contains("tests=\"7\"") && junit.contains("failures=\"0\""))

        try await evaluation(directory)
        try await unchanged(drover)
        try await threeChanges(drover, directory)
        try await savedPlan(drover, directory)
        try await healing(drover, directory)
        try await loggedAgent(drover, directory)
        try await served(drover, directory)
        try await badInput(drover, directory)
        try await secrets(drover, directory)
        try await history(drover, directory)
        try await ReleaseStory(drover: drover).tell(in: directory)
        try await destruction(drover)
    }

    /// The planted secret is in no output, report, record, log or artifact.
    private func secrets(_ drover: DroverProgram, _ directory: String) async throws {
        for arguments in [
            ["render", "quickstart"], ["validate", "quickstart"], ["plan", "quickstart", "--format", "json"],
        ] {
            let ended = try await drover.run(DroverProgram.path, arguments)
            #expect(ended.code == 0 && !(ended.output + ended.errors).contains(Self.canary), "\(arguments)")
        }
        let refused = try await drover("plan", "quickstart", "--mlflow-url", "http://127.0.0.1:9")
        #expect(refused.code == 1 && !(refused.output + refused.errors).contains(Self.canary))
        try await PlantedLab(drover: drover).search(directory)
        try await PlantedLab(drover: drover).tell(in: directory)
    }

    /// MLflow's own client finds the evaluation run of the suite, with its traces and assessments.
    private func evaluation(_ directory: String) async throws {
        let lab = try Value(json: try text("\(directory)/.drover/lab.json").utf8)
        let python = try #require(lab["pythons"]?["mlflow"]?.string)
        let tracking = try #require(lab["mlflow"]?["url"]?.string)
        let check = DroverProgram(in: directory, environment: ["MLFLOW_TRACKING_URI": tracking])
        let ended = try await check.run(
            python,
            [
                "\(packageRoot)/Tests/Python/check_evaluation.py", "--experiment", "quickstart", "--suite", "smoke",
                "--model", "quickstart-support", "--cases", "7", "--tool", "smoke/refund-window=RETRIEVER:knowledge",
                "--tool", "smoke/ticket-from-opening-to-its-state=TOOL:ticket_create",
            ])
        #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    }

    /// A second plan is empty, and asks little of the servers.
    private func unchanged(_ drover: DroverProgram) async throws {
        let plan = try await drover("plan", "quickstart", "--exit-code", "--format", "json")
        #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
        let json = try Value(json: plan.output.utf8)
        #expect(json["changed"] == false)
        let requests = try #require(json["requests"]?.integer)
        #expect(requests <= 15)
    }

    /// An edited document, tag and instruction are exactly three changes.
    private func threeChanges(_ drover: DroverProgram, _ directory: String) async throws {
        try edit("\(directory)/quickstart/docs/refunds.md") { $0 + "\nMoney goes back to the card that was used.\n" }
        try edit("\(directory)/quickstart/prompts/support.md") { $0 + "\nBe kind.\n" }
        try edit("\(directory)/quickstart/drover.yaml") {
            $0.replacing(
                "{description: Answers of the support agent, tags: {team: support}}",
                with: "{description: Answers of the support agent, tags: {team: care}}")
        }
        let plan = try await drover("plan", "quickstart", "--exit-code", "--format", "json")
        #expect(plan.code == 2, "\(plan.output)\(plan.errors)")
        let changes = try #require(Value(json: plan.output.utf8)["changes"]?.array)
        let paths = changes.map { change in
            [change["address"]?.string ?? ""] + (change["fields"]?.array ?? []).map { $0["path"]?.string ?? "" }
        }
        #expect(
            paths == [
                ["experiments.quickstart", "tags.team"], ["vectorStores.handbook", "documents.docs/refunds.md"],
                ["agents.support", "instructions"],
            ])
        try await events(drover, directory)
        try await unchanged(drover)
        let deep = try await drover("drift", "quickstart", "--deep")
        #expect(deep.code == 0 && deep.output.contains("No drift"), "\(deep.output)\(deep.errors)")
    }

    /// An apply for programs: events and nothing else on standard output, each as the schema says.
    private func events(_ drover: DroverProgram, _ directory: String) async throws {
        let applied = try await drover("apply", "quickstart", "--yes", "--format", "json")
        #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
        let lines = applied.output.split(separator: "\n").map(String.init)
        let names = try lines.map { try Value(json: $0.utf8)["event"]?.string ?? "" }
        #expect(names.first == "planned" && names.suffix(2) == ["summary", "ended"], "\(names)")
        #expect(names.count { $0 == "started" } == 3 && names.count { $0 == "finished" } == 3, "\(names)")
        try await validate("[\(lines.joined(separator: ","))]", "events.schema.json", directory, isList: true)
    }

    /// What was planned and saved is applied, exactly; nothing once anything is different.
    private func savedPlan(_ drover: DroverProgram, _ directory: String) async throws {
        let file = "\(directory)/plan.json"
        try edit("\(directory)/quickstart/prompts/support.md") { $0 + "\nBe brief.\n" }
        try edit("\(directory)/quickstart/drover.yaml") { $0.replacing("{team: care}", with: "{team: planned}") }
        let plan = try await drover("plan", "quickstart", "--out", file)
        #expect(plan.code == 0 && plan.output.contains("2 to change"), "\(plan.output)\(plan.errors)")
        let shown = try await drover("show", file, "--format", "markdown")
        #expect(
            shown.code == 0 && shown.output.hasPrefix("### Plan of `quickstart`: "), "\(shown.output)\(shown.errors)")
        let shownAsJSON = try await drover("show", file, "--format", "json")
        try await validate(shownAsJSON.output, "plan.schema.json", directory)
        try await validate(text(file), "saved-plan.schema.json", directory)

        try edit("\(directory)/quickstart/docs/refunds.md") { $0 + "\nAnother line.\n" }
        let edited = try await drover("apply", file, "--yes")
        #expect(edited.code == 7 && edited.errors.contains("docs/refunds.md"), "\(edited.output)\(edited.errors)")
        try edit("\(directory)/quickstart/docs/refunds.md") { String($0.dropLast("\nAnother line.\n".count)) }
        let wider = try await drover("apply", file, "--yes", "--adopt")
        #expect(wider.code == 7 && wider.errors.contains("wider-than-planned"), "\(wider.output)\(wider.errors)")

        let applied = try await drover("apply", file, "--yes")
        #expect(
            applied.code == 0 && applied.output.contains("Applied: 2 changed"), "\(applied.output)\(applied.errors)")
        let again = try await drover("apply", file, "--yes")
        #expect(again.code == 7 && again.errors.contains("object-moved"), "\(again.output)\(again.errors)")
        try await unchanged(drover)
        let drift = try await drover("drift", "quickstart")
        #expect(drift.code == 0 && drift.output.contains("No drift"), "\(drift.output)\(drift.errors)")

        let part = try await drover("plan", "quickstart", "--replace", "vectorStores", "--target", "vectorStores.h*")
        #expect(part.code == 0 && part.output.contains("1 to replace"), "\(part.output)\(part.errors)")
        let nothing = try await drover("plan", "quickstart", "--target", "vectorStores.handbok")
        #expect(nothing.code == 64 && nothing.errors.contains("vectorStores.handbook"), "\(nothing.errors)")
        let graph = try await drover("graph", "quickstart", "--format", "mermaid")
        #expect(graph.code == 0 && graph.output.contains("flowchart LR"), "\(graph.errors)")
        let removal = try await drover("plan", "quickstart", "--destroy")
        #expect(removal.code == 0 && removal.output.contains("- vectorStores.handbook"), "\(removal.output)")
    }

    /// Checks a document against a schema of ours with Python's `jsonschema`.
    /// - Parameter isList: Whether the document is a list, each element of which the schema is for.
    private func validate(
        _ document: String, _ schema: String, _ directory: String, isList: Bool = false
    ) async throws {
        let python = try #require(ProcessInfo.processInfo.environment["DROVER_TEST_PYTHON"])
        try Data(document.utf8).write(to: URL(filePath: "\(directory)/document.json"))
        let check = """
            import json, sys, jsonschema
            document, schema = (json.load(open(p)) for p in sys.argv[1:3])
            for each in document if \(isList ? "True" : "False") else [document]: jsonschema.validate(each, schema)
            """
        let drover = DroverProgram(in: directory)
        try succeed(
            await drover.run(
                python, ["-c", check, "\(directory)/document.json", "\(packageRoot)/schemas/\(schema)"]))
    }

    /// A store that is deleted behind drover's back is made again, and the suite passes again.
    private func healing(_ drover: DroverProgram, _ directory: String) async throws {
        let lab = try Value(json: try text("\(directory)/.drover/lab.json").utf8)
        let url = try #require(lab["llamastack"]?["url"]?.string)
        let listing = try await drover.run("/usr/bin/env", ["curl", "-sf", "\(url)/v1/vector_stores"])
        let stores = try #require(Value(json: listing.output.utf8)["data"]?.array)
        #expect(stores.count == 1)
        for store in stores {
            let id = try #require(store["id"]?.string)
            try succeed(
                await drover.run("/usr/bin/env", ["curl", "-sf", "-X", "DELETE", "\(url)/v1/vector_stores/\(id)"]))
        }
        let drift = try await drover("drift", "quickstart")
        #expect(drift.code == 2 && drift.output.contains("+ vectorStores.handbook"), "\(drift.output)\(drift.errors)")
        let plan = try await drover("plan", "quickstart")
        #expect(plan.output.contains("+ vectorStores.handbook"), "\(plan.output)\(plan.errors)")
        let up = try await drover("up", "quickstart", "--yes")
        #expect(up.code == 0, "\(up.output)\(up.errors)")
        try await unchanged(drover)
    }

    /// MLflow's own Python loads the version, predicts against the lab, streams, and serves it: with its two clients and
    /// servers, also in an environment that has the version's own requirements alone, and it answers as `invoke` does. The
    /// suite passes wherever it is served.
    private func loggedAgent(_ drover: DroverProgram, _ directory: String) async throws {
        let lab = try Value(json: try text("\(directory)/.drover/lab.json").utf8)
        let python = try #require(lab["pythons"]?["mlflow"]?.string)
        let url = try #require(lab["llamastack"]?["url"]?.string)
        let tracking = try #require(lab["mlflow"]?["url"]?.string)
        let question = "How long does shipping to Norway take?"
        let invoked = try await drover("invoke", "support", question, "--spec", "quickstart")
        #expect(invoked.code == 0, "\(invoked.errors)")
        let check = DroverProgram(
            in: directory, environment: ["MLFLOW_TRACKING_URI": tracking, "LLAMASTACK_BASE_URL": url])
        try succeed(
            await check.run(
                python,
                [
                    "\(packageRoot)/Tests/Python/check_answer_trace.py", "--experiment", "quickstart",
                    "--model", "quickstart-support", "--question", question, "--answer", "4 working days",
                    "--tool", "RETRIEVER:knowledge",
                ]))
        let ended = try await check.run(
            python,
            [
                "\(packageRoot)/Tests/Python/check_logged_agent.py", "models:/quickstart-support/latest",
                "--ask", question, "--answer", invoked.output, "--expect", "4 working days", "--tool", "file_search",
                "--suites", "quickstart", "--drover", DroverProgram.path,
            ])
        #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        // As `models serve` of both clients and an AgentServer served it.
        #expect(ended.output.split(separator: "7 passed, 0 failed, 0 inconclusive").count == 4, "\(ended.output)")
        let asked = try await drover(
            "invoke", "--model-version", "models:/quickstart-support/latest", "How long does shipping to Norway take?")
        #expect(asked.code == 0 && asked.output.contains("4 working days"), "\(asked.output)\(asked.errors)")
    }

    private func served(_ drover: DroverProgram, _ directory: String) async throws {
        let lab = try Value(json: try text("\(directory)/.drover/lab.json").utf8)
        let tracking = try #require(lab["mlflow"]?["url"]?.string)
        let python = try #require(ProcessInfo.processInfo.environment["DROVER_TEST_PYTHON"])
        try await ServingStory(drover: drover, python: python, tracking: tracking).tell()
    }

    /// Mistakes are told with their place and the right exit code, and nothing is half done.
    private func badInput(_ drover: DroverProgram, _ directory: String) async throws {
        let silent = try await drover("plan", "quickstart", "--llamastack-url", "http://127.0.0.1:9")
        #expect(silent.code == 1 && silent.errors.contains("http://127.0.0.1:9"), "\(silent.errors)")

        let lab = try Value(json: try text("\(directory)/.drover/lab.json").utf8)
        let mlflow = try #require(lab["mlflow"]?["url"]?.string)
        let other = try await drover("plan", "quickstart", "--llamastack-url", mlflow)
        #expect(other.code == 1 && other.errors.contains("Something else answers there"), "\(other.errors)")

        let model = try await drover("plan", "quickstart", "--var", "model=lab/lllm")
        #expect(model.code == 10 && model.errors.contains("Did you mean `lab/llm`?"), "\(model.errors)")
        #expect(model.errors.contains("quickstart/drover.yaml:"))

        let asked = try await drover("destroy", "quickstart")
        #expect(asked.code == 64 && asked.errors.contains("--yes"), "\(asked.errors)")

        try edit("\(directory)/quickstart/drover.yaml") { $0.replacing("[docs/*.md]", with: "[docs/*.md, broken.pdf]") }
        let missing = try await drover("apply", "quickstart", "--yes")
        #expect(missing.code == 3 && missing.errors.contains("There is no file `broken.pdf`"), "\(missing.errors)")
        try Data("not a PDF".utf8).write(to: URL(filePath: "\(directory)/quickstart/broken.pdf"))
        let broken = try await drover("apply", "quickstart", "--yes")
        #expect(broken.code == 6 && broken.errors.contains("broken.pdf"), "\(broken.errors)")
        try edit("\(directory)/quickstart/drover.yaml") { $0.replacing("[docs/*.md, broken.pdf]", with: "[docs/*.md]") }
        try succeed(await drover("apply", "quickstart", "--yes"))
        try await unchanged(drover)
    }

    /// Every apply is in the history; the first one is shown, and gone back to once its documents are as they were. The
    /// record is made again from the marks.
    private func history(_ drover: DroverProgram, _ directory: String) async throws {
        let listed = try await drover("history", "quickstart", "--format", "json")
        let applies = try #require(Value(json: listed.output.utf8)["applies"]?.array, "\(listed.errors)")
        #expect(applies.compactMap { $0["number"]?.integer } == Array(1...applies.count) && applies.count >= 5)
        let verdict: Value = "smoke: passed, 7 passed, 0 failed, 0 inconclusive"
        #expect(applies.contains { $0["verdicts"]?.array == [verdict] }, "\(listed.output)")
        let shown = try await drover("history", "show", "1", "quickstart")
        #expect(shown.code == 0 && shown.output.contains("create agents.support: done"), "\(shown.errors)")
        #expect(shown.output.contains("docs/refunds.md") && shown.output.contains("not kept"), "\(shown.output)")
        let version = try await drover("output", "agents.support.version", "--spec", "quickstart")
        #expect(version.output.wholeMatch(of: /[0-9]+\n/) != nil, "\(version.output)\(version.errors)")

        let missing = try await drover("rollback", "quickstart", "--to", "1", "--yes")
        #expect(missing.code == 10 && missing.errors.contains("`docs/refunds.md`, "), "\(missing.errors)")
        let original = try text("\(packageRoot)/specs/quickstart/docs/refunds.md")
        try edit("\(directory)/quickstart/docs/refunds.md") { _ in original }
        let back = try await drover("rollback", "quickstart", "--to", "1", "--yes")
        #expect(back.code == 0 && back.output.contains("planned → support"), "\(back.output)\(back.errors)")
        let last = try await drover("history", "quickstart")
        #expect(last.output.contains("rollback --to 1"), "\(last.output)\(last.errors)")

        let rebuilt = try await drover("state", "rebuild", "quickstart", "--yes")
        #expect(rebuilt.code == 0 && rebuilt.errors.contains("it holds 4 things"), "\(rebuilt.errors)")
        let earlier = try await drover("rollback", "quickstart", "--to", "1", "--yes")
        #expect(earlier.code == 0 && earlier.output.contains("Nothing to change"), "\(earlier.output)\(earlier.errors)")
    }

    /// Nothing of ours stays on Llama Stack.
    private func destruction(_ drover: DroverProgram) async throws {
        try succeed(await drover("destroy", "quickstart", "--yes"))
        let again = try await drover("destroy", "quickstart", "--yes")
        #expect(again.code == 0 && again.output.contains("Nothing to change"), "\(again.output)\(again.errors)")
        let plan = try await drover("plan", "quickstart")
        #expect(plan.output.contains("+ vectorStores.handbook"), "\(plan.output)\(plan.errors)")
        #expect(plan.output.contains("> experiments.quickstart"), "\(plan.output)\(plan.errors)")
    }

    private func succeed(_ ended: DroverProgram.Ended) throws {
        try #require(ended.code == 0, "\(ended.output)\(ended.errors)")
    }

    private func copyQuickstart(to directory: String) throws {
        try FileManager.default.copyItem(
            atPath: "\(packageRoot)/specs/quickstart", toPath: "\(directory)/quickstart")
    }

    private func edit(_ path: String, _ change: (String) -> String) throws {
        let before = try text(path)
        let after = change(before)
        try #require(before != after, "The edit of \(path) changes nothing.")
        try Data(after.utf8).write(to: URL(filePath: path))
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    }
}
