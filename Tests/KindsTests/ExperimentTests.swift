import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Experiments")
struct ExperimentTests {
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
        #expect(thrown?.all.map(\.exitCode) == [7])
        try await stack.apply(spec, Permissions(adopt: true))
        let plan = try await stack.plan(spec)
        #expect(plan.lines == [])
        try await stack.apply("", Permissions(allowEmpty: true))
        let left = try #require(stack.mlflow.store.experiments.first { $0.name == "e" })
        #expect(!left.isDeleted)
        #expect(left.tags.map(\.key).sorted() == ["a", "theirs"])
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
