import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Releases")
struct ReleaseTests {
    static func spec(
        _ instructions: String, _ release: String = "{agent: a, alias: production}", named name: String = "production"
    ) -> String {
        "agents: {a: {model: scripted/llm, instructions: \(instructions)}}\nreleases: {\(name): \(release)}"
    }

    static func alias(_ stack: TestStack, _ alias: String = "production") async throws -> String? {
        try await stack.mlflow.server().registeredModels().first { $0.name == "helpdesk-a" }?.aliases[alias]
    }

    static func resource(_ stack: TestStack) -> ReleaseResource {
        let server = stack.mlflow.server()
        return ReleaseResource(server, registry: Registry(server), of: StackName("helpdesk"), models: [:], actor: "ann")
    }

    @Test("Without gates, the alias follows each new version")
    func follows() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("One"))
        #expect(try await Self.alias(stack) == "1")
        let plan = try await stack.plan(Self.spec("Two"))
        #expect(plan.changes.filter { $0.action == .promote }.map(\.address) == [Address("releases", "production")])
        try await stack.apply(Self.spec("Two"))
        #expect(try await Self.alias(stack) == "2")
        #expect(try await stack.plan(Self.spec("Two")).isEmpty)
    }

    @Test("What was rolled back stays back, until the agent changes")
    func rolledBack() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("One"))
        try await stack.apply(Self.spec("Two"))
        _ = try await Self.resource(stack).rollBack("production", of: StackName("helpdesk"), reason: "rude")
        #expect(try await Self.alias(stack) == "1")
        let plan = try await stack.plan(Self.spec("Two"))
        #expect(plan.isEmpty)
        #expect(plan.warnings.map(\.code.name) == ["rolled-back"])
        try await stack.apply(Self.spec("Two"))
        #expect(try await Self.alias(stack) == "1")
        try await stack.apply(Self.spec("Three"))
        #expect(try await Self.alias(stack) == "3")
    }

    @Test("What was rolled back can be allowed again")
    func allowed() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("One"))
        try await stack.apply(Self.spec("Two"))
        _ = try await Self.resource(stack).rollBack("production", of: StackName("helpdesk"), reason: nil)
        _ = try await Self.resource(stack).approve("production", of: StackName("helpdesk"))
        try await stack.apply(Self.spec("Two"))
        #expect(try await Self.alias(stack) == "2")
    }

    @Test("Of several versions that were rolled back, one is named to be allowed again")
    func allowedOne() async throws {
        let (stack, name) = (try TestStack(), StackName("helpdesk"))
        for instructions in ["One", "Two", "Three"] { try await stack.apply(Self.spec(instructions)) }
        let resource = Self.resource(stack)
        for _ in 1...2 { _ = try await Self.resource(stack).rollBack("production", of: name, reason: "lies") }
        let which = await #expect(throws: Diagnostic.self) { try await resource.approve("production", of: name) }
        #expect(which?.code == "which-version")
        #expect(which?.detail.contains("version 3 (lies) and version 2 (lies)") == true, "\(which?.detail ?? "")")
        let other = await #expect(throws: Diagnostic.self) {
            try await resource.approve("production", version: 1, of: name)
        }
        #expect(other?.code == "another-version" && other?.address == "releases.production")
        let detail = "The release `production` stands at version 1 already. The release was rolled back from version 3 "
        #expect(other?.detail.hasPrefix(detail) == true, "\(other?.detail ?? "")")
        #expect(other?.fix?.hasPrefix("Name one of these, or apply the spec") == true, "\(other?.fix ?? "")")
        let unknown = await #expect(throws: Diagnostic.self) {
            try await resource.approve("production", version: 7, of: name)
        }
        #expect(unknown?.detail.hasPrefix("Version 7 does not wait for approval") == true, "\(unknown?.detail ?? "")")
        let told = try await stack.plan(Self.spec("Three")).warnings.first?.fix
        #expect(told?.contains("as the version 3") == true, "\(told ?? "")")
        _ = try await Self.resource(stack).approve("production", version: 3, of: name)
        #expect(try await stack.plan(Self.spec("Two")).count(.promote) == 0)
        try await stack.apply(Self.spec("Three"))
        #expect(try await Self.alias(stack) == "3")
    }

    @Test("Where somebody else put an alias can be accepted before anything is promoted")
    func acceptedFirst() async throws {
        let (stack, name) = (try TestStack(), StackName("helpdesk"))
        for instructions in ["One", "Two"] { try await stack.apply(Self.spec(instructions)) }
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "1")
        _ = try await Self.resource(stack).accept("production", of: name)
        let plan = try await stack.plan(Self.spec("Two"))
        #expect(plan.count(.promote) == 1 && plan.changes.flatMap(\.fields).map(\.cause) == [.spec])
        #expect(try await Self.alias(stack) == "1")
    }

    @Test("A manual release waits for approval, and its plan is empty meanwhile")
    func manual() async throws {
        let stack = try TestStack()
        let release = "{agent: a, alias: production, approve: manual}"
        #expect(try await stack.plan(Self.spec("One", release)).count(.propose) == 1)
        try await stack.apply(Self.spec("One", release))
        #expect(try await Self.alias(stack) == nil)
        let plan = try await stack.plan(Self.spec("One", release))
        #expect(plan.isEmpty)
        #expect(plan.warnings.map(\.code.name) == ["awaits-approval"])
        _ = try await Self.resource(stack).approve("production", of: StackName("helpdesk"))
        #expect(try await Self.alias(stack) == "1")
        #expect(try await stack.plan(Self.spec("One", release)).isEmpty)
    }

    @Test("Who agreed that a version may be promoted again does not move the alias to it where it waits by then")
    func agreed() async throws {
        let (stack, name) = (try TestStack(), StackName("helpdesk"))
        for instructions in ["One", "Two"] { try await stack.apply(Self.spec(instructions)) }
        _ = try await Self.resource(stack).rollBack("production", of: name, reason: nil)
        let act = try await Self.resource(stack).approvable("production", of: name)
        let (version, told) = (act.version, act.told)
        #expect(version == 2 && told == "Version 2, which was rolled back, may be promoted again.")
        #expect(act.promotion == nil)
        _ = try await Self.resource(stack).approve("production", version: 2, agreed: told, of: name)
        try await stack.apply(Self.spec("Two", "{agent: a, alias: production, approve: manual}"))
        let problem = await #expect(throws: Diagnostic.self) {
            try await Self.resource(stack).approve("production", version: version, agreed: told, of: name)
        }
        #expect(problem?.code == "moved-meanwhile" && problem?.cause == .conflict)
        #expect(try await Self.alias(stack) == "1")
        let now = try await Self.resource(stack).approvable("production", of: name)
        #expect(now.version == 2 && now.told == "`helpdesk-a@production` moves to version 2.")
        #expect(now.change.action == .promote && now.promotion?.version == 2)
        _ = try await Self.resource(stack).approve("production", version: now.version, agreed: now.told, of: name)
        #expect(try await Self.alias(stack) == "2")
    }

    @Test("An alias that somebody else moved blocks, until that is accepted")
    func movedByHand() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("One"))
        try await stack.apply(Self.spec("Two"))
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "1")
        await #expect(throws: Diagnostics.self) { try await stack.plan(Self.spec("Two")) }
        let accepting = Permissions(acceptAlias: true)
        let plan = try await stack.plan(Self.spec("Two"), accepting)
        #expect(plan.changes.filter { $0.action == .promote }.flatMap(\.fields).map(\.cause) == [.drift])
        try await stack.apply(Self.spec("Two"), accepting)
        #expect(try await Self.alias(stack) == "2")
        #expect(try await stack.plan(Self.spec("Two")).isEmpty)
    }

    @Test("An alias without a mark is only adopted when that is wanted")
    func adopted() async throws {
        let stack = try TestStack()
        let agent = "agents: {a: {model: scripted/llm, instructions: One}}"
        try await stack.apply(agent)
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "1")
        await #expect(throws: Diagnostics.self) { try await stack.plan(Self.spec("One")) }
        try await stack.apply(Self.spec("One"), Permissions(adopt: true))
        #expect(try await stack.plan(Self.spec("One")).isEmpty)
    }

    @Test("Cut off at any request of the move, the next apply promotes, and nothing is taken for somebody else's")
    func cutOff() async throws {
        let whole = try TestStack()
        try await whole.apply(Self.spec("One"))
        let requests = try await whole.apply(Self.spec("Two"), cutting: .never)
        let moving = requests.indices.filter { index in
            ["registered-models/alias", "registered-models/set-tag"].contains { requests[index].contains($0) }
        }
        #expect(moving.count == 3)
        for number in moving.map({ $0 + 1 }) {
            for cut in [Scissors.Cut.before(number), .after(number)] {
                let stack = try TestStack()
                try await stack.apply(Self.spec("One"))
                try await stack.apply(Self.spec("Two"), cutting: cut)
                try await stack.apply(Self.spec("Two"))
                #expect(try await Self.alias(stack) == "2", "\(cut)")
                #expect(try await stack.plan(Self.spec("Two")).isEmpty, "\(cut)")
            }
        }
    }

    @Test("The alias goes with its declaration")
    func deleted() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec("One"))
        try await stack.apply("agents: {a: {model: scripted/llm, instructions: One}}")
        #expect(try await Self.alias(stack) == nil)
    }

    @Test("A store that left the spec stays as long as the version behind the alias searches it")
    func storeInUse() async throws {
        let stack = try TestStack()
        try stack.write("a.md", "Llamas eat hay.")
        let agent = "a: {model: scripted/llm, instructions: One"
        let release = "releases: {production: {agent: a, alias: production, approve: manual}}"
        let with = """
            vectorStores: {s: {embeddingModel: scripted/embed, documents: [a.md]}}
            tools: {t: {fileSearch: {vectorStores: [s]}}}
            agents: {\(agent), tools: [t]}}
            \(release)
            """
        let without = "agents: {\(agent)}}\n\(release)"
        let (resource, name) = (Self.resource, StackName("helpdesk"))
        try await stack.apply(with)
        _ = try await resource(stack).approve("production", of: name)
        try await stack.apply(without)
        let plan = try await stack.plan(without)
        #expect(plan.isEmpty)
        #expect(plan.warnings.map(\.code.name).sorted() == ["awaits-approval", "still-in-use"])
        try await stack.apply("", Permissions(allowEmpty: true))
        #expect(try await stack.open("").survey().members[Address("vectorStores", "s")] == nil)
    }
}
