import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Releases with another name or alias")
struct RenamedReleaseTests {
    private let name = StackName("helpdesk")

    private func spec(_ instructions: String, _ release: String, named name: String = "production") -> String {
        ReleaseTests.spec(instructions, release, named: name)
    }

    @Test("Under another declared name it goes on, with all that is known of it; without `moved` it is refused")
    func renamed() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two"] { try await stack.apply(ReleaseTests.spec(instructions)) }
        _ = try await ReleaseTests.resource(stack).rollBack("production", of: name, reason: "rude")
        let other = spec("Two", "{agent: a, alias: production}", named: "live")
        let refused = await #expect(throws: Diagnostics.self) { try await stack.plan(other) }
        #expect(refused?.all.map(\.code) == ["not-moved"])
        #expect(refused?.all.first?.fix?.contains("`moved: production`") == true)
        let moved = spec("Two", "{agent: a, alias: production, moved: production}", named: "live")
        #expect(try await stack.plan(moved).changes.filter { $0.action != .keep }.map(\.action) == [.update])
        try await stack.apply(moved)
        #expect(try await ReleaseTests.alias(stack) == "1")
        let plan = try await stack.plan(moved)
        #expect(plan.isEmpty && plan.warnings.map(\.code.name) == ["rolled-back"])
        try await stack.apply(spec("Three", "{agent: a, alias: production, moved: production}", named: "live"))
        #expect(try await ReleaseTests.alias(stack) == "3")
    }

    @Test("Under another alias it stands where it stood: what was rolled back stays back")
    func rejected() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two"] { try await stack.apply(ReleaseTests.spec(instructions)) }
        _ = try await ReleaseTests.resource(stack).rollBack("production", of: name, reason: nil)
        let other = spec("Two", "{agent: a, alias: live}")
        try await stack.apply(other)
        #expect(try await ReleaseTests.alias(stack) == nil)
        #expect(try await ReleaseTests.alias(stack, "live") == "1")
        #expect(try await stack.plan(other).isEmpty)
    }

    @Test("Under another alias it does not fall while a version waits for approval")
    func waiting() async throws {
        let stack = try TestStack()
        let manual = "{agent: a, alias: production, approve: manual}"
        try await stack.apply(spec("One", manual))
        _ = try await ReleaseTests.resource(stack).approve("production", of: name)
        let other = spec("Two", "{agent: a, alias: live, approve: manual}")
        try await stack.apply(other)
        #expect(try await ReleaseTests.alias(stack, "live") == "1")
        #expect(try await ReleaseTests.alias(stack) == nil)
        let plan = try await stack.plan(other)
        #expect(plan.isEmpty && plan.warnings.map(\.code.name) == ["awaits-approval"])
        _ = try await ReleaseTests.resource(stack).approve("production", of: name)
        #expect(try await ReleaseTests.alias(stack, "live") == "2")
    }

    @Test("Cut off anywhere between the two aliases, the next apply leaves the new one alone")
    func cutOff() async throws {
        let whole = try TestStack()
        let (first, second) = (ReleaseTests.spec("One"), spec("One", "{agent: a, alias: live}"))
        try await whole.apply(first)
        let requests = try await whole.apply(second, cutting: .never)
        let moving = requests.indices.filter { requests[$0].contains("registered-models/") }.map { $0 + 1 }
        #expect(moving.count >= 4)
        for number in moving {
            for cut in [Scissors.Cut.before(number), .after(number)] {
                let stack = try TestStack()
                try await stack.apply(first)
                try await stack.apply(second, cutting: cut)
                try await stack.apply(second)
                #expect(try await ReleaseTests.alias(stack, "live") == "1", "\(cut)")
                #expect(try await ReleaseTests.alias(stack) == nil, "\(cut)")
                #expect(try await stack.plan(second).isEmpty, "\(cut)")
            }
        }
    }

    @Test("An alias that somebody else has is not taken by way of another name")
    func taken() async throws {
        let stack = try TestStack()
        for instructions in ["One", "Two"] { try await stack.apply(ReleaseTests.spec(instructions)) }
        try await stack.mlflow.server().setAlias("live", of: "helpdesk-a", toVersion: "1")
        let refused = await #expect(throws: Diagnostics.self) {
            try await stack.apply(spec("Two", "{agent: a, alias: live}"))
        }
        #expect(refused?.all.map(\.code) == ["alias-taken"])
        #expect(try await ReleaseTests.alias(stack, "live") == "1")
        #expect(try await ReleaseTests.alias(stack) == "2")
    }
    @Test(
        "One that leaves the spec while a version waits in another model goes from both, and its alias only where it is not kept",
        arguments: ["delete", "retain"])
    func leftWaiting(onDelete: String) async throws {
        let stack = try TestStack()
        func spec(_ model: String) -> String {
            """
            experiments: {e: {}}
            registeredModels: {m: {}, n: {}}
            agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: \(model)}}}
            """
        }
        let release = "\nreleases: {production: {agent: a, alias: live, approve: manual, onDelete: \(onDelete)}}"
        func standing() -> String? {
            stack.mlflow.store.registeredModels.first { $0.name == "m" }?.aliases["live"].map { "\($0)" }
        }
        try await stack.apply(spec("m") + release)
        _ = try await ReleaseTests.resource(stack).approve("production", of: name)
        try await stack.apply(spec("n") + release)
        let marks = {
            stack.mlflow.store.registeredModels.flatMap(\.tags).filter { $0.key.hasPrefix("drover.release.") }
        }
        #expect(marks().count == 2 && standing() == "1")
        for _ in 1...2 {
            try await stack.apply(spec("n"))
            #expect(marks().isEmpty && standing() == (onDelete == "retain" ? "1" : nil))
            #expect(try await stack.plan(spec("n")).lines == [])
        }
    }
}
