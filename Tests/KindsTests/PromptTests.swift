import Engine
import Fakes
import Language
import Testing
import Wire

@testable import Kinds

@Suite("Prompts")
struct PromptTests {
    private static func versions(_ stack: TestStack) -> [String] {
        stack.mlflow.store.versions.filter { $0.name == "p" }.map { version in
            version.tags.first { $0.key == "mlflow.prompt.text" }?.value ?? ""
        }
    }

    @Test("Only another text makes another version, and a text that was said before is that version again")
    func versions() async throws {
        let stack = try TestStack()
        func spec(_ text: String, tag: String = "x") -> String {
            "prompts: {p: {template: \(text), tags: {a: \(tag)}, alias: production}}"
        }
        try await stack.apply(spec("One"))
        try await stack.apply(spec("One", tag: "y"))
        #expect(Self.versions(stack) == ["One"])
        let plan = try await stack.plan(spec("Two", tag: "y"))
        #expect(plan.lines == ["update prompts.p: template, alias.production"])
        try await stack.apply(spec("Two", tag: "y"))
        #expect(Self.versions(stack) == ["One", "Two"])
        #expect(stack.mlflow.store.registeredModels.first?.aliases == ["production": 2])
        try await stack.apply(spec("One", tag: "y"))
        #expect(Self.versions(stack) == ["One", "Two"])
        #expect(stack.mlflow.store.registeredModels.first?.aliases == ["production": 1])
    }

    @Test("A version whose text somebody changed is left as it is, and what the spec says is a new one")
    func overwritten() async throws {
        let stack = try TestStack()
        try await stack.apply("prompts: {p: {template: One}}")
        try await stack.mlflow.server().setModelVersionTag(
            "p", version: "1", MLflowModelVersion.promptTextTag, to: "Changed")
        let plan = try await stack.plan("prompts: {p: {template: One}}")
        #expect(plan.lines == ["update prompts.p: template"])
        try await stack.apply("prompts: {p: {template: One}}")
        #expect(Self.versions(stack) == ["Changed", "One"])
    }

    @Test("A version that was made twice by one request goes with the next apply, unless an alias points at it")
    func twice() async throws {
        let spec = "prompts: {p: {template: One, alias: live}}"
        for number in 1...16 {
            let stack = try TestStack()
            let scissors = Scissors(.twice(number)) { $0.url.hasPrefix(FakeMLflow.base) }
            _ = try await stack.open(spec, scissors).apply()
            try await stack.apply(spec)
            #expect(stack.mlflow.store.versions.count == 1, "\(number)")
            let runs = stack.mlflow.store.runs.filter { !$0.isDeleted }.map(\.status)
            #expect(Set(runs) == ["FINISHED"], "\(number)")
            let rest = try await stack.plan(spec)
            #expect(rest.lines == [], "\(number)")
        }
    }

    @Test("A prompt that somebody made is adopted with the version that says the same")
    func adopted() async throws {
        let stack = try TestStack()
        let server = stack.mlflow.server()
        try await server.createPrompt("p", description: "Theirs", tags: [:])
        _ = try await server.createPromptVersion(of: "p", text: "One", isChat: false, tags: [:])
        let spec = "prompts: {p: {template: One}}"
        let refused = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(refused?.all.map(\.cause) == [.conflict])
        try await stack.apply(spec, Permissions(adopt: true))
        #expect(Self.versions(stack) == ["One"])
        let rest = try await stack.plan(spec)
        #expect(rest.lines == [])
        try await stack.apply("prompts: {p: {template: One, onDelete: delete}}")
        let refusal = await #expect(throws: Diagnostics.self) {
            try await stack.plan("", Permissions(allowEmpty: true))
        }
        #expect(refusal?.all.map(\.cause) == [.protected])
        try await stack.apply(spec)
        let kept = try await stack.open("").apply(Permissions(allowEmpty: true))
        #expect(kept.failures == [] && kept.count(.forget) == 1, "What others made is kept.")
        #expect(Self.versions(stack) == ["One"])
    }

    @Test("An alias that was renamed or taken out of the spec is removed; one that somebody moved is moved back")
    func aliases() async throws {
        let stack = try TestStack()
        try await stack.apply("prompts: {p: {template: One, alias: production}}")
        try await stack.apply("prompts: {p: {template: Two, alias: live}}")
        #expect(stack.mlflow.store.registeredModels.first?.aliases == ["live": 2])
        try await stack.mlflow.server().setAlias("live", of: "p", toVersion: "1")
        let plan = try await stack.plan("prompts: {p: {template: Two, alias: live}}")
        #expect(plan.lines == ["update prompts.p: alias.live"])
        try await stack.apply("prompts: {p: {template: Two}}")
        #expect(stack.mlflow.store.registeredModels.first?.aliases == [:])
    }

    @Test("A prompt and a registered model cannot have one name, whoever was first")
    func sharedNames() async throws {
        let stack = try TestStack()
        try await stack.mlflow.server().createRegisteredModel("p")
        try await stack.mlflow.server().createPrompt("m", description: "", tags: [:])
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("prompts: {p: {template: One}}\nregisteredModels: {m: {}}")
        }
        #expect(thrown?.all.map(\.code) == ["name-taken", "name-taken"])
        #expect(thrown?.all.allSatisfy { $0.subject != nil && $0.cause == .conflict } == true)
        let (workflow, folder) = try stack.declare("prompts: {p: {template: One}}\nregisteredModels: {m: {name: p}}")
        #expect(Kinds.standard.conflicts(workflow.declarations, folder).map(\.code) == ["shared-name"])
    }

    @Test("A chat is kept as MLflow's own client reads it")
    func chat() async throws {
        let stack = try TestStack()
        try await stack.apply("prompts: {p: {template: [{role: system, content: Hi}, {role: user, content: '{{q}}'}]}}")
        let version = try #require(stack.mlflow.store.versions.first)
        #expect(version.tags.first { $0.key == "_mlflow_prompt_type" }?.value == "chat")
        let text = try #require(version.tags.first { $0.key == "mlflow.prompt.text" }?.value)
        #expect(try Value(json: text.utf8)[1] == ["role": "user", "content": "{{q}}"])
    }

    @Test("White space in a variable's braces does not count, and a value is not looked at again")
    func rendering() throws {
        let text = "Hi {{ name }}, {{name}} of {{place.city}}, {{ not one }}"
        let content = try #require(PromptContent(Value.string(text)))
        #expect(content.variables == ["name", "place.city"])
        let rendered = PromptContent.rendered(text, with: ["name": "{{place.city}}", "place.city": "Oslo"])
        #expect(rendered == "Hi {{place.city}}, {{place.city}} of Oslo, {{ not one }}")
    }

    @Test("A plan that removes several prompts lists their versions as often as one that removes one")
    func removedTogether() async throws {
        var counts: Set<Int> = []
        for count in [1, 5] {
            let stack = try TestStack()
            let prompts = (1...count).map { "p\($0): {template: One}" }.joined(separator: ", ")
            try await stack.apply("prompts: {\(prompts)}")
            stack.mlflow.cut(.never)
            _ = try await stack.plan("", Permissions(allowEmpty: true))
            counts.insert(stack.mlflow.arrivals.count { $0.path.contains("model-versions/search") })
        }
        #expect(counts.count == 1, "\(counts)")
    }
}

extension Value {
    fileprivate subscript(index: Int) -> Value? {
        array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }
}

@Suite("Prompts as instructions")
struct PromptedAgentTests {
    private static func spec(_ use: String, template: String = "Help {{product}}.") -> String {
        """
        prompts: {p: {template: "\(template)"}}
        agents: {a: {model: scripted/llm, instructions: \(use)}}
        """
    }

    @Test("The definition holds the rendered text and says which version it was")
    func pinned() async throws {
        let stack = try TestStack()
        let spec = Self.spec("{prompt: p, with: {product: Acme}}")
        try await stack.apply(spec)
        func definition(_ spec: String) async throws -> Value {
            let run = try await stack.open(spec)
            let member = try #require(try await run.survey().members[Address("agents", "a")])
            let driver = try #require(run.drivers.first { $0.kind == "agents" })
            return try #require(driver.outputs(of: member)["definition"]?.value)
        }
        let first = try await definition(spec)
        #expect(first["instructions"] == "Help Acme.")
        #expect(first["metadata"] == ["drover.prompt": "prompts:/p/1"])
        let rest = try await stack.plan(spec)
        #expect(rest.lines == [])
        let second = Self.spec("{prompt: p, with: {product: Acme}}", template: "Serve {{product}}.")
        let plan = try await stack.plan(second)
        #expect(plan.lines == ["update prompts.p: template", "update agents.a: instructions, metadata.drover.prompt"])
        try await stack.apply(second)
        #expect(try await definition(second)["metadata"] == ["drover.prompt": "prompts:/p/2"])
        let older = Self.spec("{prompt: p, version: 1, with: {product: Acme}}", template: "Serve {{product}}.")
        try await stack.apply(older)
        #expect(try await definition(older)["instructions"] == "Help Acme.")
        #expect(stack.mlflow.store.versions.filter { $0.name == "helpdesk-a" }.count == 3)
    }

    @Test("A text that MLflow would not take is told at the prompt, one that it just takes is not")
    func longText() throws {
        let stack = try TestStack()
        for (extra, told) in [("", [String]()), ("x", ["long-prompt"])] {
            try stack.write("long.md", String(repeating: "é", count: 100_000) + extra)
            let (workflow, folder) = try stack.declare("prompts: {p: {template: {file: long.md}}}")
            let problems = workflow.declarations.flatMap { $0.spec.problems(in: folder) }
            #expect(problems.map(\.code.name) == told)
            guard let problem = problems.first else { continue }
            #expect(problem.detail == "It has 100001 characters, and MLflow takes at most 100000.")
            #expect(problem.fix == "Shorten it.")
        }
    }

    @Test("A version that is not there is an error at the place")
    func noSuchVersion() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("{prompt: p, with: {product: Acme}}"))
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan(Self.spec("{prompt: p, version: 7, with: {product: Acme}}"))
        }
        #expect(thrown?.all.map(\.code) == ["unknown-prompt-version"])
        #expect(thrown?.all.first?.detail == "The prompt `p` has no version 7 whose text can be used.")
        #expect(thrown?.all.first?.fix == "Use one of `1`, or leave it out.")
    }

    struct Unfit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let use: String
        var template = "\"Help {{product}}.\""
        let code: Diagnostic.Code
    }

    @Test(
        "What does not fit is told before anything is contacted",
        arguments: [
            Unfit(
                testDescription: "variable without value", use: "{prompt: p}", code: "missing-prompt-variable"),
            Unfit(
                testDescription: "value without variable", use: "{prompt: p, with: {product: x, prodct: y}}",
                code: "unknown-prompt-variable"),
            Unfit(
                testDescription: "chat", use: "{prompt: p}", template: "[{role: user, content: x}]",
                code: "prompt-is-chat"),
            Unfit(
                testDescription: "Jinja", use: "{prompt: p}", template: "\"{% if x %}y{% endif %}\"",
                code: "prompt-is-jinja"),
        ])
    func unfit(_ each: Unfit) throws {
        let stack = try TestStack()
        let yaml =
            "prompts: {p: {template: \(each.template)}}\nagents: {a: {model: m, instructions: \(each.use)}}"
        let (workflow, folder) = try stack.declare(yaml)
        let problems = Kinds.standard.conflicts(workflow.declarations, folder)
        #expect(problems.map(\.code) == [each.code])
        #expect(problems.first?.subject != nil)
    }
}
