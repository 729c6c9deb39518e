import Engine
import Fakes
import Kinds
import Language
import Runtime
import Testing
import Wire

/// What was logged of an agent, and what becomes of it on the server.
@Suite("Versions of agents, beside drover")
struct AgentDriftTests {
    private static let base = """
        registeredModels: {m: {}}
        experiments: {e: {}}

        """

    private static func agent(_ instructions: String, _ model: String = "m", more: String = "") -> String {
        "agents: {a: {model: scripted/llm, description: Answers, instructions: \(instructions)\(more), "
            + "log: {experiment: e, registeredModel: \(model)}}}"
    }

    private static let spec = base + agent("One")

    @Test("Going back to an earlier definition logs it anew: the latest version is what was applied last")
    func latest() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two", "One"] {
            try await stack.apply(Self.base + Self.agent(instructions))
            let server = stack.mlflow.server()
            let latest = try await server.agentVersion(ModelVersionURI("models:/m/latest"))
            #expect(try await server.definition(of: latest).instructions == instructions)
            let rest = try await stack.plan(Self.base + Self.agent(instructions))
            #expect(rest.lines == [])
        }
        #expect(stack.mlflow.store.versions.map(\.number) == [1, 2, 3])
    }

    @Test(
        "Going back is finished wherever it was cut off, with one new version",
        arguments: Array(stride(from: 1, through: 48, by: 2)))
    func backCut(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)] {
            let stack = try TestStack()
            try await stack.apply(Self.spec)
            try await stack.apply(Self.base + Self.agent("Two"))
            try await stack.apply(Self.spec, cutting: cut)
            try await stack.apply(Self.spec)
            #expect(stack.mlflow.store.versions.map(\.number) == [1, 2, 3], "\(cut)")
            let rest = try await stack.plan(Self.spec)
            #expect(rest.lines == [], "\(cut)")
        }
    }

    @Test("A renamed registered model takes its versions along: nothing is logged again")
    func renamed() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        let renamed = Self.spec.replacing("m: {}", with: "m: {name: n}")
        try await stack.apply(renamed)
        #expect(stack.mlflow.store.versions.map { "\($0.name)/\($0.number)" } == ["n/1"])
        let rest = try await stack.plan(renamed)
        #expect(rest.lines == [])
    }

    @Test("An agent that leaves the spec while its registered model is renamed is gone")
    func renamedWithout() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        let renamed = Self.base.replacing("m: {}", with: "m: {name: n}")
        try await stack.apply(renamed)
        #expect(stack.mlflow.store.registeredModels.map(\.name) == ["n"])
        #expect(stack.mlflow.store.versions.isEmpty)
        let rest = try await stack.plan(renamed)
        #expect(rest.lines == [])
    }

    @Test("A registered model that is to go takes older versions of the stack's own agent along")
    func oldVersions() async throws {
        let stack = try TestStack()
        let two = "registeredModels: {m: {onDelete: delete}, n: {}}\nexperiments: {e: {}}\n"
        try await stack.apply(two + Self.agent("One"))
        try await stack.apply(two + Self.agent("One", "n"))
        let one = "registeredModels: {n: {}}\nexperiments: {e: {}}\n" + Self.agent("One", "n")
        let plan = try await stack.plan(one)
        #expect(plan.lines == ["delete registeredModels.m"])
        try await stack.apply(one)
        let store = stack.mlflow.store
        #expect(store.registeredModels.map(\.name) == ["n"])
        #expect(store.versions.map { "\($0.name)/\($0.number)" } == ["n/1"])
        #expect(store.loggedModels.map(\.isDeleted) == [true, false])
    }

    @Test("One into which an alias points is kept: the plan says so, and the apply does it")
    func aliasedVersions() async throws {
        let stack = try TestStack()
        let two = "registeredModels: {m: {onDelete: delete}, n: {}}\nexperiments: {e: {}}\n"
        try await stack.apply(two + Self.agent("One"))
        try await stack.apply(two + Self.agent("One", "n"))
        let one = "registeredModels: {n: {}}\nexperiments: {e: {}}\n" + Self.agent("One", "n")
        try await stack.mlflow.server().setAlias("live", of: "m", toVersion: "1")
        let plan = try await stack.plan(one)
        #expect(plan.lines == ["forget registeredModels.m"])
        #expect(plan.changes.compactMap(\.note) == ["kept: the alias `live` points into it"])
        try await stack.apply(one)
        #expect(stack.mlflow.store.registeredModels.map(\.name).sorted() == ["m", "n"])
        #expect(stack.mlflow.store.versions.map { "\($0.name)/\($0.number)" }.sorted() == ["m/1", "n/1"])
        let rest = try await stack.plan(one)
        #expect(rest.lines == [])
    }

    @Test("A destroy, too, says which registered models it keeps")
    func destroyAliased() async throws {
        let stack = try TestStack()
        let spec = "registeredModels: {m: {onDelete: delete}}\nexperiments: {e: {}}\n" + Self.agent("One")
        try await stack.apply(spec)
        try await stack.mlflow.server().setAlias("live", of: "m", toVersion: "1")
        let (workflow, folder) = try stack.declare(spec)
        let run = try await stack.open(workflow.withoutDeclarations, folder, Scissors(.never))
        let empty = Permissions(allowEmpty: true)
        let plan = try await run.plan(empty)
        #expect(plan.lines.contains("forget registeredModels.m"), "\(plan.lines)")
        let applied = try await run.apply(empty)
        #expect(applied.failures == [])
        #expect(stack.mlflow.store.registeredModels.map(\.name) == ["m"])
        let rest = try await stack.open(workflow.withoutDeclarations, folder, Scissors(.never)).plan(empty)
        #expect(rest.lines == [])
    }

    @Test("A registered model that holds somebody else's version is refused by the plan already")
    func foreignVersions() async throws {
        let stack = try TestStack()
        let spec = "registeredModels: {m: {onDelete: delete}}\nexperiments: {e: {}}\n" + Self.agent("One")
        try await stack.apply(spec)
        _ = try await stack.mlflow.server().createPromptVersion(of: "m", text: "Theirs", isChat: false, tags: [:])
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("experiments: {e: {}}", Permissions(allowEmpty: true))
        }
        #expect(thrown?.all.map(\.code) == ["holds-versions"])
        #expect(stack.mlflow.store.versions.count == 2)
    }

    @Test("A logged model that somebody deleted is logged again")
    func loggedModel() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        try await stack.mlflow.server().deleteLoggedModel(stack.mlflow.store.loggedModels[0].id)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["update agents.a: loggedModel"])
        try await stack.apply(Self.spec)
        #expect(stack.mlflow.store.versions.map(\.number) == [1, 2])
        #expect(stack.mlflow.store.loggedModels.map(\.isDeleted) == [true, false])
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [])
    }

    @Test("A run that somebody deleted is restored")
    func run() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        let run = try #require(stack.mlflow.store.runs.first { $0.name == "log a" })
        try await stack.mlflow.server().deleteRun(run.id)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["update agents.a: run"])
        try await stack.apply(Self.spec)
        #expect(stack.mlflow.store.runs.filter { $0.name == "log a" }.map(\.isDeleted) == [false])
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [])
    }

    @Test("A version's description that somebody changed is set back")
    func description() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        try await stack.mlflow.server().updateModelVersion("m", version: "1", description: "Theirs")
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["update agents.a: description"])
        #expect(plan.changes.flatMap(\.fields).map(\.cause) == [.drift])
        try await stack.apply(Self.spec)
        #expect(stack.mlflow.store.versions.map(\.description) == ["Answers"])
    }

    @Test("A request that was delivered twice leaves nothing once the next apply is done", arguments: 1...60)
    func twice(number: Int) async throws {
        let stack = try TestStack()
        let scissors = Scissors(.twice(number)) { $0.url.hasPrefix(FakeMLflow.base) }
        _ = try await stack.open(Self.spec, scissors).apply()
        try await stack.apply(Self.spec)
        let store = stack.mlflow.store
        #expect(store.runs.filter { $0.name == "log a" && !$0.isDeleted }.map(\.status) == ["FINISHED"], "\(number)")
        #expect(store.loggedModels.filter { !$0.isDeleted }.map(\.status) == ["LOGGED_MODEL_READY"], "\(number)")
        #expect(store.versions.map(\.number) == [1], "\(number)")
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [], "\(number)")
    }

    @Test("A destroy removes what was made twice or begun, too", arguments: Array(stride(from: 1, through: 48, by: 2)))
    func destroyed(number: Int) async throws {
        for cut in [Scissors.Cut.twice(number), .after(number)] {
            let stack = try TestStack()
            let scissors = Scissors(cut) { $0.url.hasPrefix(FakeMLflow.base) }
            _ = try? await stack.open(Self.spec, scissors).apply()  // It is cut off.
            _ = try await stack.apply("", Permissions(allowEmpty: true))
            let store = stack.mlflow.store
            #expect(store.runs.filter { $0.name == "log a" && !$0.isDeleted }.isEmpty, "\(cut)")
            #expect(store.loggedModels.filter { !$0.isDeleted }.isEmpty, "\(cut)")
            #expect(store.versions.isEmpty, "\(cut)")
        }
    }

    @Test(
        "What an apply began and another definition came after goes when that is logged",
        arguments: Array(stride(from: 8, through: 40, by: 2)))
    func changedMeanwhile(number: Int) async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec, cutting: .after(number))
        let other = Self.base + Self.agent("Two")
        try await stack.apply(other)
        let store = stack.mlflow.store
        let open = store.runs.filter { $0.name == "log a" && !$0.isDeleted && $0.status != "FINISHED" }
        #expect(open.isEmpty, "\(number)")
        #expect(store.loggedModels.filter { !$0.isDeleted && $0.status != "LOGGED_MODEL_READY" }.isEmpty, "\(number)")
        let rest = try await stack.plan(other)
        #expect(rest.lines == [], "\(number)")
    }

    @Test("An agent that is moved keeps all its versions, wherever that is cut off", arguments: 1...24)
    func moved(number: Int) async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        try await stack.apply(Self.base + Self.agent("Two"))
        let moved = Self.base + Self.agent("Two").replacing("{a: {", with: "{b: {moved: a, ")
        try await stack.apply(moved, cutting: .after(number))
        try await stack.apply(moved)
        #expect(stack.mlflow.store.versions.map(\.number) == [1, 2, 3], "\(number)")
        let addresses = stack.mlflow.store.versions.flatMap(\.tags).filter { $0.key == Mark.addressKey }.map(\.value)
        #expect(Set(addresses) == ["agents.b"], "\(number)")
        let rest = try await stack.plan(moved)
        #expect(rest.lines == [], "\(number)")
    }
}
