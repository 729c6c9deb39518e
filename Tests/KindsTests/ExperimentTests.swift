import Engine
import Fakes
import Language
import Testing
import Wire

@testable import Kinds

@Suite("Experiments")
struct ExperimentTests {
    @Test("Keys and names that begin with `x-` are applied, and reach the tools")
    func freeKeys() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {x-e: {tags: {x-team: a}}}")
        let made = try #require(stack.mlflow.store.experiments.first { $0.name == "x-e" })
        #expect(made.tags.first { $0.key == "x-team" }?.value == "a")
        let (workflow, _) = try stack.declare(
            """
            tools:
              m: {mcp: {url: "http://localhost:1/mcp", headers: {x-api-key: k}}}
              f:
                function:
                  description: Tells.
                  parameters: {type: object, properties: {x-id: {type: string}}}
                  http: {url: "http://localhost:1", headers: {x-trace: "1"}}
            """)
        let tools = workflow.specs(of: ToolSpec.self).map(\.spec)
        #expect(tools.first?.mcp?.headers.map(\.key) == ["x-api-key"])
        #expect(tools.last?.function?.parameters["properties"]?["x-id"] != nil)
    }

    @Test("An experiment that holds somebody else's runs is not deleted; one with runs of its stack is")
    func foreignRuns() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {e: {onDelete: delete}}")
        let id = try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
        let server = stack.mlflow.server()
        _ = try await server.createRun(inExperiment: id, name: "ours", startTime: 1, tags: [Mark.stackKey: "helpdesk"])
        let theirs = try await server.createRun(inExperiment: id, name: "theirs", startTime: 2)
        let empty = Permissions(allowEmpty: true)
        let refused = await #expect(throws: Diagnostics.self) { try await stack.plan("experiments: {}", empty) }
        #expect(refused?.all.map(\.code) == ["holds-foreign-runs"])
        #expect(refused?.all.first?.detail.contains("holds 1 run that") == true)
        try await server.deleteRun(theirs.id)
        try await stack.apply("experiments: {}", empty)
        #expect(stack.mlflow.store.experiments.first { $0.id == id }?.isDeleted == true)
    }

    @Test("A deleted experiment is restored, and the plan says so")
    func restored() async throws {
        let stack = try TestStack()
        let spec = "experiments: {e: {tags: {a: x}}}"
        try await stack.apply(spec)
        let id = try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
        try await stack.mlflow.server().deleteExperiment(id)
        let plan = try await stack.plan(spec)
        #expect(plan.lines == ["update experiments.e: state"])
        try await stack.apply(spec)
        #expect(stack.mlflow.store.experiments.filter { $0.name == "e" }.map(\.isDeleted) == [false])
    }

    @Test("A deleted experiment whose declaration was renamed or moved is restored under the new name")
    func restoredElsewhere() async throws {
        for spec in ["experiments: {e: {name: f}}", "experiments: {f: {moved: e}}"] {
            let stack = try TestStack()
            try await stack.apply("experiments: {e: {tags: {a: x}}}")
            let id = try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
            try await stack.mlflow.server().deleteExperiment(id)
            let plan = try await stack.plan(spec)
            #expect(plan.lines.count == 1 && plan.lines[0].hasPrefix("update experiments."), "\(plan.lines)")
            #expect(plan.lines[0].contains("state, name"))
            try await stack.apply(spec)
            let found = try #require(stack.mlflow.store.experiments.first { $0.id == id })
            #expect(found.name == "f" && !found.isDeleted)
            let rest = try await stack.plan(spec)
            #expect(rest.lines == [], "\(spec)")
        }
    }

    @Test("A deleted experiment of somebody else's that has the name is shown as one to adopt, and restored then")
    func deletedForeign() async throws {
        let stack = try TestStack()
        let id = try await stack.mlflow.server().createExperiment("e", tags: ["theirs": "x"])
        try await stack.mlflow.server().deleteExperiment(id)
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan("experiments: {e: {}}") }
        #expect(thrown?.all.first?.detail.contains("deleted") == true)
        try await stack.apply("experiments: {e: {}}", Permissions(adopt: true))
        #expect(stack.mlflow.store.experiments.first { $0.id == id }?.isDeleted == false)
    }

    @Test("A new name that another experiment has is refused with its name, and nothing is lost")
    func renamedOnto() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {e: {}}")
        _ = try await stack.mlflow.server().createExperiment("taken")
        let applied = try await stack.open("experiments: {e: {name: taken}}").apply()
        #expect(applied.failures.map(\.code) == ["name-taken"])
        #expect(applied.failures.map(\.cause) == [.conflict])
        #expect(stack.mlflow.store.experiments.contains { $0.name == "e" })
    }

    @Test("Another artifact location replaces it, whatever request was cut off; the old one keeps its runs aside")
    func replaced() async throws {
        let first = "experiments: {e: {artifactLocation: \"mlflow-artifacts:/one\"}}"
        let second = first.replacing("one", with: "two")
        for number in 1...30 {
            let stack = try TestStack()
            try await stack.apply(first)
            let id = try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
            try await stack.apply(second, cutting: .after(number))
            try await stack.apply(second)
            let experiments = stack.mlflow.store.experiments.filter { !$0.name.hasPrefix("d") && $0.id != "0" }
            #expect(experiments.map(\.name).sorted() == ["e", "e (replaced, \(id))"], "cut after \(number)")
            #expect(experiments.first { $0.name == "e" }?.location == "mlflow-artifacts:/two")
            let rest = try await stack.plan(second)
            #expect(rest.lines == [], "cut after \(number)")
        }
    }

    @Test("An artifact location that the spec no longer says stays")
    func locationLeft() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {e: {artifactLocation: \"mlflow-artifacts:/one\"}}")
        let plan = try await stack.plan("experiments: {e: {}}")
        #expect(plan.lines == [])
    }

    @Test("An experiment that somebody made is adopted only when that is allowed, and forgotten, not deleted")
    func adopted() async throws {
        let stack = try TestStack()
        _ = try await stack.mlflow.server().createExperiment("e", tags: ["theirs": "x"])
        let spec = "experiments: {e: {tags: {a: x}}}"
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.cause) == [.conflict])
        try await stack.apply(spec, Permissions(adopt: true))
        let plan = try await stack.plan(spec)
        #expect(plan.lines == [])
        try await stack.apply("", Permissions(allowEmpty: true))
        let left = try #require(stack.mlflow.store.experiments.first { $0.name == "e" })
        #expect(!left.isDeleted)
        #expect(left.tags.map(\.key).sorted() == ["a", "drover.retained", "theirs"])
    }

    @Test("Another stack's experiment is refused with its owner's name")
    func otherOwner() async throws {
        let stack = try TestStack()
        _ = try await stack.mlflow.server().createExperiment(
            "e", tags: Mark(stack: StackName("sales"), address: Address("experiments", "e")).tags)
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("experiments: {e: {}}", Permissions(adopt: true))
        }
        #expect(thrown?.all.first?.detail.contains("`sales`") == true)
    }
}
