import Engine
import Fakes
import Kinds
import Language
import Runtime
import Testing
import Wire

/// A release that moves on lets go of the server agents of old versions, as of all else that only they use.
@Suite("Server agents that a promotion frees")
struct FreedAgentTests {
    private static let versions = FakeStackVersion.allCases.filter { !$0.agentPaths.isEmpty }
    private static let places = "experiments: {e: {}}\nregisteredModels: {m: {}}\n"

    private static func spec(
        _ version: FakeStackVersion, _ instructions: String, release: String? = "retain: 0",
        log: String = "{experiment: e, registeredModel: m}"
    ) -> String {
        let releases = release.map { "\nreleases: {production: {agent: a, alias: live, \($0)}}" } ?? ""
        let agent = "model: \(version.models.llm), instructions: \(instructions), runtime: agents, log: \(log)"
        return "\(places)agents: {a: {\(agent)}}\(releases)"
    }

    private static func names(_ stack: TestStack) -> [String] {
        stack.ogx.agents.compactMap { $0.value["agent_config"]?["name"]?.string }
    }

    /// The version that the alias of the release points at.
    private static func standing(_ stack: TestStack) -> String? {
        stack.mlflow.store.registeredModels.first { $0.name == "m" }?.aliases["live"].map { "\($0)" }
    }

    @Test(
        "A plan shows the agent that its promotion frees, it goes in the same apply, and nothing is left to do",
        arguments: versions)
    func shown(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec(version, "One"))
        let old = try #require(stack.ogx.agents.first).id
        let name = try #require(Self.names(stack).first)
        let plan = try await stack.plan(Self.spec(version, "Two"))
        #expect(plan.freed == [Freed(address: Address("agents", "a"), object: "agent \(old) (\(name))")])
        try await stack.apply(Self.spec(version, "Two"))
        #expect(Self.names(stack).count == 1 && Self.names(stack) != [name])
        let rest = try await stack.plan(Self.spec(version, "Two"))
        #expect(rest.lines == [] && rest.freed.isEmpty)
    }

    @Test("What the release may go back to stays, and goes with a later promotion", arguments: versions)
    func retained(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        var names: [String] = []
        for (instructions, count) in [("One", 1), ("Two", 2), ("Three", 2)] {
            let spec = Self.spec(version, instructions, release: "retain: 1")
            try await stack.apply(spec)
            #expect(Self.names(stack).count == count, "\(instructions)")
            names += Self.names(stack).filter { !names.contains($0) }
            let rest = try await stack.plan(spec)
            #expect(rest.lines == [], "\(instructions)")
        }
        #expect(Self.names(stack).sorted() == names.suffix(2).sorted())
    }

    @Test(
        "An apply that was cut off anywhere leaves the agent of the version at the alias, and the next one the same as a whole one",
        arguments: versions)
    func cut(version: FakeStackVersion) async throws {
        let (first, second) = (Self.spec(version, "One"), Self.spec(version, "Two"))
        let whole = try TestStack(ogx: FakeOGX(version))
        try await whole.apply(first)
        let old = try #require(Self.names(whole).first)
        let count = try await whole.apply(second, cutting: .never).count
        let new = try #require(Self.names(whole).first)
        let names = ["1": old, "2": new]
        #expect(Set(names.values).count == 2)
        for number in 1...count {
            for cut in [Scissors.Cut.after(number), .answer(number)] {
                let stack = try TestStack(ogx: FakeOGX(version))
                try await stack.apply(first)
                try await stack.apply(second, cutting: cut)
                let wanted = try #require(Self.standing(stack).flatMap { names[$0] }, "\(cut) of \(count)")
                #expect(Self.names(stack).contains(wanted), "\(cut) of \(count)")
                try await stack.apply(second)
                #expect(Self.names(stack) == [new], "\(cut) of \(count)")
                let rest = try await stack.plan(second)
                #expect(rest.lines == [], "\(cut) of \(count)")
            }
        }
    }

    @Test(
        "It goes, too, with the release that leaves the spec, whatever becomes of its agent", arguments: versions,
        ["{experiment: e, registeredModel: m}", "false"])
    func withRelease(version: FakeStackVersion, log: String) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec(version, "One"))
        let name = try #require(Self.names(stack).first)
        let second = Self.spec(version, "Two", release: nil, log: log)
        let plan = try await stack.plan(second)
        #expect(plan.freed.map(\.address) == [Address("agents", "a")])
        try await stack.apply(second)
        #expect(Self.names(stack).count == 1 && Self.names(stack) != [name])
        #expect(try await stack.plan(second).lines == [])
    }

    private static func spec(
        _ version: FakeStackVersion, _ instructions: String, release: String, inModel model: String
    ) -> String {
        spec(version, instructions, release: release, log: "{experiment: e, registeredModel: \(model)}")
            .replacing("registeredModels: {m: {}}", with: "registeredModels: {m: {}, n: {}}")
    }

    @Test(
        "In another registered model the release begins anew, however many versions it keeps: all of the old one goes",
        arguments: versions)
    func otherModel(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        func spec(_ instructions: String, _ model: String) -> String {
            Self.spec(version, instructions, release: "retain: 2", inModel: model)
        }
        try await stack.apply(spec("One", "m"))
        try await stack.apply(spec("Two", "m"))
        #expect(Self.names(stack).count == 2)
        let old = Set(Self.names(stack))
        let plan = try await stack.plan(spec("Three", "n"))
        #expect(plan.freed.count == 2 && plan.freed.allSatisfy { $0.address == Address("agents", "a") })
        try await stack.apply(spec("Three", "n"))
        #expect(Self.names(stack).count == 1 && old.isDisjoint(with: Self.names(stack)))
        #expect(try await stack.plan(spec("Three", "n")).lines == [])
    }

    @Test(
        "What waits in another registered model frees nothing before it is approved, and the old alias all once it is removed",
        arguments: versions)
    func waitingElsewhere(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let release = "retain: 0, approve: manual"
        func spec(_ instructions: String, _ model: String) -> String {
            Self.spec(version, instructions, release: release, inModel: model)
        }
        try await stack.apply(spec("One", "m"))
        _ = try await Kinds.approve("production", version: nil, on: try await stack.open(spec("One", "m")).servers) {
            _ in
        }
        let old = try #require(Self.names(stack).first)
        #expect(try await stack.plan(spec("Two", "n")).freed == [])
        try await stack.apply(spec("Two", "n"))
        #expect(Self.names(stack).contains(old) && Self.names(stack).count == 2)
        #expect(try await stack.plan(spec("Two", "n")).lines == [])
        _ = try await Kinds.approve("production", version: nil, on: try await stack.open(spec("Two", "n")).servers) {
            _ in
        }
        let plan = try await stack.plan(spec("Two", "n"))
        #expect(plan.lines == ["delete releases.production"])
        #expect(plan.freed.map(\.address) == [Address("agents", "a")])
        try await stack.apply(spec("Two", "n"))
        #expect(Self.names(stack).count == 1 && !Self.names(stack).contains(old))
        #expect(try await stack.plan(spec("Two", "n")).lines == [])
    }

    @Test("Under another name the release keeps as many versions as it says", arguments: versions)
    func renamedRelease(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec(version, "One", release: "retain: 1"))
        try await stack.apply(Self.spec(version, "Two", release: "retain: 1"))
        let old = Set(Self.names(stack))
        let renamed = Self.spec(version, "Three", release: "retain: 0, moved: production")
            .replacing("releases: {production:", with: "releases: {live:")
        try await stack.apply(renamed)
        #expect(old.count == 2 && Self.names(stack).count == 1 && old.isDisjoint(with: Self.names(stack)))
        #expect(try await stack.plan(renamed).lines == [])
    }

    @Test("An alias that somebody else set keeps it after the release has gone", arguments: versions)
    func byHand(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec(version, "One"))
        let name = try #require(Self.names(stack).first)
        try await stack.mlflow.server().setAlias("other", of: "m", toVersion: "1")
        let second = Self.spec(version, "Two", release: nil)
        #expect(try await stack.plan(second).freed.isEmpty)
        try await stack.apply(second)
        #expect(Self.names(stack).contains(name) && Self.names(stack).count == 2)
        #expect(try await stack.plan(second).lines == [])
    }

    @Test("What waited for approval lets go of it when something else waits", arguments: versions)
    func proposed(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let release = "retain: 0, approve: manual"
        try await stack.apply(Self.spec(version, "One", release: release))
        let name = try #require(Self.names(stack).first)
        let second = Self.spec(version, "Two", release: release)
        #expect(try await stack.plan(second).freed.map(\.address) == [Address("agents", "a")])
        try await stack.apply(second)
        #expect(Self.names(stack).count == 1 && Self.names(stack) != [name])
        #expect(try await stack.plan(second).lines == [])
    }

    @Test(
        "An agent that runs otherwise from now on keeps it as long as the alias points at the old version",
        arguments: versions)
    func otherwise(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec(version, "One", release: nil))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        let inline = Self.spec(version, "One", release: nil, log: "false")
            .replacing("runtime: agents", with: "runtime: responses")
        let name = Self.names(stack)
        try await stack.apply(inline)
        #expect(Self.names(stack) == name)
        #expect(try await stack.plan(inline).lines == [])
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        #expect(try await stack.plan(inline).lines == ["delete agents.a"])
        try await stack.apply(inline)
        #expect(Self.names(stack) == [])
    }

    @Test(
        "Under another name the agent keeps it, also once the spec no longer says how it was called",
        arguments: versions)
    func renamed(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let first = Self.spec(version, "One", release: nil)
        try await stack.apply(first)
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        let name = try #require(Self.names(stack).first)
        for more in ["moved: a, ", ""] {
            let renamed = first.replacing("agents: {a: {", with: "agents: {b: {\(more)")
            try await stack.apply(renamed)
            #expect(Self.names(stack).contains(name) && Self.names(stack).count == 2, "\(more)")
            #expect(try await stack.plan(renamed).lines == [], "\(more)")
        }
    }

    @Test("A new agent that is what one of another name was runs as the same agent of the server", arguments: versions)
    func again(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let first = Self.spec(version, "One", release: nil)
        try await stack.apply(first)
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(first.replacing("agents: {a: {", with: "agents: {b: {moved: a, "))
        let names = Self.names(stack).sorted()
        let agent = "{model: \(version.models.llm), instructions: One, runtime: agents, log: false}"
        let both = first.replacing("agents: {a: {", with: "agents: {a: \(agent), b: {")
        try await stack.apply(both)
        #expect(names.count == 2 && Self.names(stack).sorted() == names)
        #expect(try await stack.plan(both).lines == [])
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        #expect(try await stack.plan(both).lines == [])
    }

    /// A version in MLflow of an agent that asks another one, which is an agent of the server and nothing else.
    private static func asking(_ version: FakeStackVersion, _ instructions: String) -> String {
        let log = "{experiment: e, registeredModel: m}"
        let agent = "{model: \(version.models.llm), instructions: Ask., tools: [ask], runtime: responses, log: \(log)}"
        return spec(version, instructions, release: nil, log: "false")
            .replacing("agents: {a:", with: "agents: {asking: \(agent), a:") + "\ntools: {ask: {agent: a}}"
    }

    @Test(
        "The agent that an aliased version of another agent asks stays as long as that alias does", arguments: versions)
    func asked(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.asking(version, "One"))
        let name = try #require(Self.names(stack).first)
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(Self.asking(version, "Two"))
        #expect(Self.names(stack).contains(name) && Self.names(stack).count == 2)
        #expect(try await stack.plan(Self.asking(version, "Two")).lines == [])
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(Self.asking(version, "Two"))
        #expect(Self.names(stack).count == 1 && Self.names(stack) != [name])
    }

    @Test("It stays, too, where nobody can say what that version asks", arguments: versions)
    func unreadable(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.asking(version, "One"))
        let name = try #require(Self.names(stack).first)
        let server = stack.mlflow.server()
        try await server.setAlias("production", of: "m", toVersion: "1")
        for key in [AgentVersion.definitionTag, AgentVersion.digestTag] {
            try await server.deleteModelVersionTag("m", version: "1", key)
        }
        try await stack.apply(Self.asking(version, "Two"))
        #expect(Self.names(stack).contains(name) && Self.names(stack).count == 2)
    }
}
