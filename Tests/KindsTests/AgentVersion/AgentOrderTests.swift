import Engine
import Fakes
import Kinds
import Testing
import Wire

/// Which version of an agent counts when its versions are in several registered models, and where they are logged.
@Suite("Where the versions of an agent are")
struct AgentOrderTests {
    private static func spec(_ instructions: String, in model: String) -> String {
        """
        experiments: {e: {}}
        registeredModels: {m: {}, n: {}}
        agents: {a: {model: scripted/llm, instructions: \(instructions), log: {experiment: e, registeredModel: \(model)}}}
        """
    }

    private static func versions(_ stack: TestStack) -> [String] {
        stack.mlflow.store.versions.map { "\($0.name) \($0.number)" }
    }

    @Test("What was applied last counts, also where the server's clock went back", arguments: [0, -3600])
    func clockWentBack(seconds: Int) async throws {
        let stack = try TestStack()
        var made: [String] = []
        let moves = [("One", "m"), ("One", "n"), ("Two", "n"), ("One", "m"), ("Three", "n"), ("Three", "m")]
        for (instructions, model) in moves {
            let spec = Self.spec(instructions, in: model)
            try await stack.apply(spec)
            #expect(Self.versions(stack).count == made.count + 1, "\(instructions) in \(model)")
            made = Self.versions(stack)
            #expect(try await stack.plan(spec).lines == [], "\(instructions) in \(model)")
            let outputs = try await stack.open(spec).survey().members[Address("agents", "a")]
            #expect(outputs?.label.hasPrefix("models:/\(model)/") == true, "\(outputs?.label ?? "")")
            stack.mlflow.setClock(by: seconds)
        }
        #expect(made.count == moves.count)
    }

    @Test("Within one registered model nothing is noted: its numbers decide")
    func oneModel() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two"] { try await stack.apply(Self.spec(instructions, in: "m")) }
        #expect(stack.mlflow.store.versions.allSatisfy { $0.tags.allSatisfy { $0.key != "drover.order" } })
    }

    @Test("That an agent is logged in an experiment that is made anew is no change from outside")
    func newExperiment() async throws {
        let stack = try TestStack()
        let spec = Self.spec("One", in: "m")
        try await stack.apply(spec)
        let run = try await stack.open(spec)
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        let plan = try await Planner(
            run.workflow, drivers: run.drivers, survey: survey, record: record, permissions: Permissions(),
            selection: Selection(replaced: [AddressPattern("experiments.e")])
        ).plan()
        let change = try #require(plan.changes.first { $0.address == Address("agents", "a") })
        #expect(change.fields.map(\.path) == ["log.experiment"] && change.fields.allSatisfy { !$0.isDrift })
    }
}
