import Engine
import Fakes
import FoundationEssentials
import Language
import Records
import Support
import Synchronization
import Testing
import Wire

/// What exists already, and becomes a part of the stack.
extension HistoryCommandTests {
    @Test("What exists becomes a part of the stack under its own name, and the plan shows how it differs")
    func importing() async throws {
        let mlflow = FakeMLflow()
        let server = mlflow.server()
        let old = try await server.createExperiment("old", tags: ["team": "sales"])
        let theirs = try await server.createExperiment(
            "theirs", tags: ["drover.stack": "bakery", "drover.address": "experiments.bread"])
        _ = try await server.createPrompt("saying", description: "", tags: [:])
        try await withShop(mlflow) { drover, _ in
            let bad: [(words: [String], code: Int32, name: String)] = [
                (["experiments.anwsers", old], 64, "not-declared"),
                (["experiments.answers", "99"], 64, "nothing-to-import"),
                (["experiments.answers", "saying"], 64, "another-kind"),
                (["experiments.answers", "models:/saying/9"], 64, "nothing-to-import"),
                (["experiments.answers", theirs], 7, "other-owner"),
                (["experiments.answers", old], 64, "nobody-to-ask"),
            ]
            for each in bad {
                let yes = each.name == "nobody-to-ask" ? [] : ["--yes"]
                let ended = try await drover.run(DroverProgram.path, ["import"] + each.words + yes)
                #expect(ended.code == each.code && ended.errors.contains("[\(each.name)]"), "\(ended.errors)")
            }
            #expect(mlflow.store.experiments.filter { $0.tags.contains { $0.value == "shop" } }.isEmpty)
            let done = try await drover("import", "experiments.answers", old, "--yes")
            #expect(done.code == 0, "\(done.errors)")
            let plan = try await drover("plan")
            #expect(plan.output.contains("~ experiments.answers") && plan.output.contains("name: old → answers"))
            #expect(plan.output.contains("1 to create, 1 to change"), "\(plan.output)")
            let again = try await drover("import", "experiments.answers", old)
            #expect(again.code == 0 && again.output.contains("already"), "\(again.errors)")
            let second = try await drover("import", "experiments.answers", theirs, "--yes", "--take-over")
            #expect(second.code == 7 && second.errors.contains("has-another"), "\(second.errors)")
            let list = try await drover("history")
            #expect(list.output.contains("1 imported"))
        }
    }

    @Test("What was imported is kept when its declaration goes, wherever the import was cut off")
    func cutImport() async throws {
        var number = 0
        var isCut = true
        while isCut {
            number += 1
            let mlflow = FakeMLflow()
            _ = try await mlflow.server().createPrompt("saying", description: "", tags: [:])
            let cut = FakeMLflow.Cut.after(number)
            let imported = ExitCode()
            try await withShop(mlflow) { drover, directory in
                mlflow.cut(cut)
                imported.set(try await drover("import", "prompts.greeting", "saying", "--yes", "--no-lock").code)
                mlflow.cut(.never)
                try Self.write("drover.yaml", "drover: v1\nstack: shop\nexperiments: {answers: {}}\n", directory)
                try await apply(drover, "--no-lock")
                #expect(mlflow.store.registeredModels.contains { $0.name == "saying" }, "\(cut)")
            }
            isCut = imported.value != 0
        }
        #expect(number > 5, "Requests are cut off.")
    }

    @Test("Another stack's object is taken over only when that is said")
    func takingOver() async throws {
        let mlflow = FakeMLflow()
        let theirs = try await mlflow.server().createExperiment(
            "theirs", tags: ["drover.stack": "bakery", "drover.address": "experiments.bread"])
        try await withShop(mlflow) { drover, _ in
            let done = try await drover("import", "experiments.answers", "theirs", "--yes", "--take-over")
            #expect(done.code == 0, "\(done.errors)")
            let tags = mlflow.store.experiments.first { $0.id == theirs }?.tags ?? []
            #expect(tags.contains { $0.key == "drover.stack" && $0.value == "shop" })
        }
    }
}

/// How a program ended, told out of a closure.
private final class ExitCode: Sendable {
    private let code = Mutex<Int32>(-1)

    var value: Int32 { code.withLock { $0 } }

    func set(_ value: Int32) { code.withLock { $0 = value } }
}
