import Engine
import Fakes
import Language
import Testing
import Wire

@testable import Kinds

/// `ignoreChanges`: what is left to others is written once, and then neither told nor restored.
@Suite("Fields that are left to others")
struct LeftFieldsTests {
    /// One field of one kind: the spec, what somebody else does, and what then stands on the server.
    struct Case: Sendable, CustomTestStringConvertible {
        var kind: String
        /// With `LEFT` where `ignoreChanges` goes, and `OTHER` for a field that is not left.
        var spec: String
        var left: String
        var change: @Sendable (TestStack) async throws -> Void
        var value: @Sendable (TestStack) throws -> String?
        var own: String?
        var theirs: String

        var testDescription: String { "\(kind) \(left)" }

        func text(_ left: String? = nil, other: String = "x") -> String {
            spec.replacing("LEFT", with: left.map { ", ignoreChanges: [\($0)]" } ?? "").replacing("OTHER", with: other)
        }
    }

    private static func experimentTag(_ stack: TestStack, _ key: String) -> String? {
        stack.mlflow.store.experiments.first { $0.name == "e" }?.tags.first { $0.key == key }?.value
    }

    private static func id(_ stack: TestStack) throws -> String {
        try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
    }

    private static func ogx(_ stack: TestStack) async throws -> LlamaStack {
        try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
    }

    private static let experiment = "experiments: {e: {description: ours, tags: {team: ours, a: OTHER}LEFT}}"
    private static let model = "registeredModels: {m: {description: ours, tags: {team: ours, a: OTHER}LEFT}}"
    private static let prompt =
        "prompts: {p: {template: One, description: ours, alias: live, tags: {team: ours, a: OTHER}LEFT}}"
    private static let dataset = """
        experiments: {e: {}}
        datasets: {d: {experiment: e, description: ours, records: [{q: a}], tags: {team: ours, a: OTHER}LEFT}}
        """
    private static let store =
        "vectorStores: {s: {embeddingModel: scripted/embed, metadata: {team: ours, a: OTHER}LEFT}}"
    private static let agent = """
        experiments: {e: {}}
        agents:
          a: {model: scripted/llm, instructions: Be brief., description: ours,
              log: {experiment: e, tags: {team: ours, a: OTHER}}LEFT}
        """

    private static let cases = [
        Case(
            kind: "experiments", spec: experiment, left: "tags.team",
            change: { try await $0.mlflow.server().setExperimentTag(id($0), "team", to: "theirs") },
            value: { experimentTag($0, "team") }, own: "ours", theirs: "theirs"),
        Case(
            kind: "experiments", spec: experiment, left: "tags.team",
            change: { try await $0.mlflow.server().deleteExperimentTag(id($0), "team") },
            value: { experimentTag($0, "team") ?? "none" }, own: "ours", theirs: "none"),
        Case(
            kind: "experiments", spec: experiment, left: "description",
            change: { try await $0.mlflow.server().setExperimentTag(id($0), "mlflow.note.content", to: "theirs") },
            value: { experimentTag($0, "mlflow.note.content") }, own: "ours", theirs: "theirs"),
        Case(
            kind: "registeredModels", spec: model, left: "description",
            change: { try await $0.mlflow.server().updateRegisteredModel("m", description: "theirs") },
            value: { $0.mlflow.store.registeredModels.first { $0.name == "m" }?.description }, own: "ours",
            theirs: "theirs"),
        Case(
            kind: "registeredModels", spec: model, left: "tags.team",
            change: { try await $0.mlflow.server().setRegisteredModelTag("m", "team", to: "theirs") },
            value: {
                $0.mlflow.store.registeredModels.first { $0.name == "m" }?.tags.first { $0.key == "team" }?.value
            }, own: "ours", theirs: "theirs"),
        Case(
            kind: "prompts", spec: prompt, left: "alias",
            change: { stack in
                _ = try await stack.mlflow.server().createPromptVersion(
                    of: "p", text: "Two", isChat: false, tags: [:], beside: ["1"])
                try await stack.mlflow.server().setAlias("live", of: "p", toVersion: "2")
            },
            value: { $0.mlflow.store.registeredModels.first { $0.name == "p" }?.aliases["live"].map { "\($0)" } },
            own: "1", theirs: "2"),
        Case(
            kind: "prompts", spec: prompt, left: "template, alias",
            change: { stack in
                _ = try await stack.mlflow.server().createPromptVersion(
                    of: "p", text: "Two", isChat: false, tags: [:], beside: ["1"])
                try await stack.mlflow.server().setModelVersionTag(
                    "p", version: "1", MLflowModelVersion.promptTextTag, to: "Nought")
            },
            value: { stack in
                let versions = stack.mlflow.store.versions.filter { $0.name == "p" }
                return versions.compactMap { $0.tags.first { $0.key == "mlflow.prompt.text" }?.value }
                    .joined(separator: " ")
            },
            own: "One", theirs: "Nought Two"),
        Case(
            kind: "datasets", spec: dataset, left: "tags",
            change: { stack in
                let id = try #require(stack.mlflow.store.datasets.first?.id)
                try await stack.mlflow.server().setDatasetTags(id, ["team": "theirs"])
            },
            value: { $0.mlflow.store.datasets.first?.tags["team"]?.string }, own: "ours", theirs: "theirs"),
        Case(
            kind: "vectorStores", spec: store, left: "metadata.team",
            change: { stack in
                let store = try #require(stack.ogx.stores.first)
                var metadata = store.metadata
                metadata["team"] = "theirs"
                _ = try await ogx(stack).vectorStores.update(store.id, metadata: metadata)
            },
            value: { $0.ogx.stores.first?.metadata["team"]?.string }, own: "ours", theirs: "theirs"),
        Case(
            kind: "agents", spec: agent, left: "log.tags.team",
            change: {
                try await $0.mlflow.server().setModelVersionTag("helpdesk-a", version: "1", "team", to: "theirs")
            },
            value: { $0.mlflow.store.versions.first?.tags.first { $0.key == "team" }?.value }, own: "ours",
            theirs: "theirs"),
        Case(
            kind: "agents", spec: agent, left: "description",
            change: {
                try await $0.mlflow.server().updateModelVersion("helpdesk-a", version: "1", description: "theirs")
            },
            value: { $0.mlflow.store.versions.first?.description }, own: "ours", theirs: "theirs"),
    ]

    @Test("It is written when the object is made, and then left as others have it", arguments: cases)
    func leaves(_ each: Case) async throws {
        let stack = try TestStack()
        let spec = each.text(each.left)
        try await stack.apply(spec)
        #expect(try each.value(stack) == each.own)
        let before = try await stack.plan(spec)
        #expect(before.lines == [])
        try await each.change(stack)
        #expect(try each.value(stack) == each.theirs)
        let plan = try await stack.plan(spec)
        #expect(plan.lines == [])
        #expect(plan.drift.changes.allSatisfy { $0.action == .keep })
        // A saved plan does not become stale by it.
        let prints = { (plan: Plan) in plan.changes.filter { $0.address.kind == each.kind }.map(\.fingerprint) }
        #expect(prints(plan) == prints(before))

        let changed = try await stack.plan(each.text(each.left, other: "y"))
        let lines = changed.lines.filter { $0.contains(" \(each.kind).") }
        let isWhole = each.left == "tags"
        #expect(lines.allSatisfy { $0.hasPrefix("update ") && !$0.contains("team") }, "\(lines)")
        #expect(lines.count == (isWhole ? 0 : 1), "\(lines)")
        try await stack.apply(each.text(each.left, other: "y"))
        #expect(try each.value(stack) == each.theirs, "an update of something else restored it")
        #expect(try await stack.plan(each.text(each.left, other: "y")).lines == [])

        // Without it, the plan has the field again, as a change of the spec: what was left to others is no drift.
        let again = try await stack.plan(each.text(other: "y"))
        #expect(again.lines.count == 1, "\(again.lines)")
        #expect(again.drift.isEmpty || each.kind == "agents" && each.left == "description")
    }

    @Test("A map that is left as a whole keeps what others put into it, and what the spec takes out of it")
    func wholeMap() async throws {
        let stack = try TestStack()
        func spec(_ tags: String) -> String { "experiments: {e: {tags: {\(tags)}, ignoreChanges: [tags]}}" }
        try await stack.apply(spec("a: x, b: x"))
        try await stack.mlflow.server().setExperimentTag(try Self.id(stack), "b", to: "theirs")
        #expect(try await stack.plan(spec("a: y")).lines == [])
        try await stack.apply("experiments: {e: {description: d, tags: {c: x}, ignoreChanges: [tags]}}")
        #expect(Self.experimentTag(stack, "b") == "theirs" && Self.experimentTag(stack, "a") == "x")
        #expect(Self.experimentTag(stack, "c") == nil)
        // The entry of another key that only begins like it is not left.
        let near = "experiments: {e: {description: d, tags: {a: x, a.b: x}, ignoreChanges: [tags.a]}}"
        #expect(try await stack.plan(near).lines == ["update experiments.e: tags.a.b"])
    }

    @Test("A replacement is a new object: it has what the spec says")
    func replaced() async throws {
        let stack = try TestStack()
        func spec(_ place: String) -> String {
            "experiments: {e: {tags: {team: ours}, artifactLocation: 'mlflow-artifacts:/\(place)', ignoreChanges: [tags]}}"
        }
        try await stack.apply(spec("one"))
        try await stack.mlflow.server().setExperimentTag(try Self.id(stack), "team", to: "theirs")
        #expect(try await stack.plan(spec("two")).lines == ["replace experiments.e: artifactLocation"])
        try await stack.apply(spec("two"))
        #expect(Self.experimentTag(stack, "team") == "ours")
        #expect(try await stack.plan(spec("two")).lines == [])
    }

    @Test("Agents are told the newest version of a prompt whose template is left to others")
    func promptOfAnAgent() async throws {
        let stack = try TestStack()
        let spec = """
            prompts: {p: {template: One, ignoreChanges: [template]}}
            agents: {a: {model: scripted/llm, instructions: {prompt: p}}}
            """
        try await stack.apply(spec)
        _ = try await stack.mlflow.server().createPromptVersion(
            of: "p", text: "Two", isChat: false, tags: [:], beside: ["1"])
        let plan = try await stack.plan(spec)
        #expect(plan.lines.count == 1 && plan.lines[0].hasPrefix("update agents.a: instructions"), "\(plan.lines)")
        try await stack.apply(spec)
        #expect(try await stack.plan(spec).lines == [])
        #expect(stack.mlflow.store.versions.filter { $0.name == "p" }.count == 2)
        let run = try await stack.open(spec)
        let prompt = try #require(try await run.survey().members[Address("prompts", "p")])
        let driver = try #require(run.drivers.first { $0.kind == "prompts" })
        #expect(driver.outputs(of: prompt)["version"]?.plain == 2)
    }

    @Test("A field that others cannot change, or a slip, is refused at its place with what may be meant")
    func unknown() throws {
        let stack = try TestStack()
        let spec = """
            experiments: {e: {ignoreChanges: [description, tagz.team, artifactLocation, tags.]}}
            tools: {t: {builtin: webSearch, ignoreChanges: [name]}}
            """
        let thrown = #expect(throws: Diagnostics.self) { try stack.declare(spec) }
        let told = (thrown?.all ?? []).map { "\($0.code.name) \($0.subject?.start.line ?? 0) \($0.fix ?? "")" }
        let all = "Use one of `description`, `tags` and `tags.KEY`."
        #expect(
            told == [
                "not-left-to-others 3 Did you mean `tags.team`?", "not-left-to-others 3 \(all)",
                "not-left-to-others 3 Did you mean `tags`?",
                "unknown-field 4 \(thrown?.all.last?.fix ?? "")",
            ], "\(told)")
    }
}
