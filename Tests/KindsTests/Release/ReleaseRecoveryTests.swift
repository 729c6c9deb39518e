import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Releases after what went wrong")
struct ReleaseRecoveryTests {
    private let name = StackName("helpdesk")
    private static let manual = "{agent: a, alias: production, approve: manual}"

    /// The alias stands at the last of so many versions.
    private func promoted(_ instructions: String...) async throws -> TestStack {
        let stack = try TestStack()
        for each in instructions { try await stack.apply(ReleaseTests.spec(each)) }
        return stack
    }

    private func rollBack(_ stack: TestStack) async throws -> String {
        try await ReleaseTests.resource(stack).rollBack("production", of: name, reason: "rude").told
    }

    /// What going back would do, before it does.
    private func wayBack(_ stack: TestStack) async throws -> String {
        try await ReleaseTests.resource(stack).wayBack("production", of: name).told
    }

    private func state(of stack: TestStack, _ change: (inout [String: Value]) -> Void) async throws {
        let server = stack.mlflow.server()
        let model = try #require(try await server.registeredModels().first { $0.name == "helpdesk-a" })
        let key = "drover.release.production"
        guard case .object(var fields) = try Value(json: try #require(model.tags[key]).utf8) else { return }
        change(&fields)
        try await server.setRegisteredModelTag("helpdesk-a", key, to: Value.object(fields).canonicalJSON)
    }

    @Test("A promotion of which only the last note is missing is rolled back as it would be with it")
    func cutOffPromotion() async throws {
        let whole = try await promoted("One", "Two")
        let requests = try await whole.apply(ReleaseTests.spec("Three"), cutting: .never)
        let alias = try #require(requests.indices.first { requests[$0].contains("registered-models/alias") })
        let stack = try await promoted("One", "Two")
        try await stack.apply(ReleaseTests.spec("Three"), cutting: .after(alias + 1))
        #expect(try await ReleaseTests.alias(stack) == "3")
        #expect(try await wayBack(stack) == "`helpdesk-a@production` stands at version 3, and goes back to version 2.")
        #expect(try await rollBack(stack).contains("stands at version 2 again, and version 3 stays out"))
        #expect(try await ReleaseTests.alias(stack) == "2")
        let plan = try await stack.plan(ReleaseTests.spec("Three"))
        #expect(plan.isEmpty && plan.warnings.map(\.code.name) == ["rolled-back"])
    }

    @Test("Going back of which only the last note is missing is not done twice")
    func cutOffRollback() async throws {
        let stack = try await promoted("One", "Two", "Three")
        _ = try await rollBack(stack)
        try await state(of: stack) { $0["moving"] = 3 }
        #expect(try await wayBack(stack).contains("went back to version 2, and only the note of that is missing"))
        #expect(try await rollBack(stack).contains("stands at version 2 again, and version 3 stays out"))
        #expect(try await ReleaseTests.alias(stack) == "2")
        #expect(try await rollBack(stack).contains("stands at version 1 again, and version 2 stays out"))
    }

    @Test("An alias that somebody moved after it was rolled back is told, and can be accepted there")
    func rolledBack() async throws {
        let stack = try await promoted("One", "Two")
        _ = try await rollBack(stack)
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "2")
        await #expect(throws: Diagnostics.self) { try await stack.plan(ReleaseTests.spec("Two")) }
        let accepting = Permissions(acceptAlias: true)
        let fields = try await stack.plan(ReleaseTests.spec("Two"), accepting).changes.flatMap(\.fields)
        #expect(fields.map(\.path) == ["standing"])
        try await stack.apply(ReleaseTests.spec("Two"), accepting)
        #expect(try await ReleaseTests.alias(stack) == "2")
        let plan = try await stack.plan(ReleaseTests.spec("Two"))
        #expect(plan.isEmpty && plan.warnings.isEmpty, "\(plan.warnings)")
    }

    @Test("An alias that somebody moved while a version waits is told, and can be accepted there")
    func waiting() async throws {
        let stack = try await promoted("One", "Two")
        let three = ReleaseTests.spec("Three", Self.manual)
        try await stack.apply(three)
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "1")
        await #expect(throws: Diagnostics.self) { try await stack.plan(three) }
        try await stack.apply(three, Permissions(acceptAlias: true))
        #expect(try await ReleaseTests.alias(stack) == "1")
        #expect(try await stack.plan(three).isEmpty)
        _ = try await ReleaseTests.resource(stack).approve("production", of: name)
        #expect(try await ReleaseTests.alias(stack) == "3")
    }

    @Test("An alias that somebody deleted is accepted as gone; then the release goes on, or goes back")
    func gone() async throws {
        for goesBack in [false, true] {
            let stack = try await promoted("One", "Two")
            let three = ReleaseTests.spec("Three", Self.manual)
            try await stack.apply(three)
            try await stack.mlflow.server().deleteAlias("production", of: "helpdesk-a")
            await #expect(throws: Diagnostics.self) { try await stack.plan(three) }
            let told = try await ReleaseTests.resource(stack).accept("production", of: name)
            #expect(told?.contains("stands nowhere") == true)
            #expect(try await stack.plan(three).isEmpty)
            if goesBack {
                #expect(try await wayBack(stack).contains("stands nowhere, and goes back to version 2."))
                #expect(try await rollBack(stack) == "`helpdesk-a@production` stands at version 2 again.")
            } else {
                _ = try await ReleaseTests.resource(stack).approve("production", of: name)
            }
            #expect(try await ReleaseTests.alias(stack) == (goesBack ? "2" : "3"))
        }
    }

    @Test("What was accepted without its digest can be rolled back, and stays back")
    func accepted() async throws {
        let stack = try await promoted("One")
        try await stack.apply(ReleaseTests.spec("Two", Self.manual))
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-a", toVersion: "2")
        _ = try await ReleaseTests.resource(stack).accept("production", of: name)
        _ = try await rollBack(stack)
        #expect(try await ReleaseTests.alias(stack) == "1")
        try await stack.apply(ReleaseTests.spec("Two"))
        #expect(try await ReleaseTests.alias(stack) == "1")
        try await stack.apply(ReleaseTests.spec("Three"))
        #expect(try await ReleaseTests.alias(stack) == "3")
    }

    @Test("Nothing to accept is no mistake: where nobody moved it, and where there is no release yet")
    func nothing() async throws {
        let stack = try await promoted("One")
        #expect(try await ReleaseTests.resource(stack).accept("production", of: name) == nil)
        #expect(try await ReleaseTests.resource(stack).accept("staging", of: name) == nil)
    }

    @Test("However long the reasons are, the mark fits")
    func reasons() async throws {
        let stack = try await promoted("One")
        for number in 2...14 {
            try await stack.apply(ReleaseTests.spec("Version\(number)"))
            _ = try await ReleaseTests.resource(stack).rollBack(
                "production", of: name, reason: String(repeating: "ö", count: 1_000))
        }
        let model = try await stack.mlflow.server().registeredModels().first { $0.name == "helpdesk-a" }
        let tag = try #require(model?.tags["drover.release.production"])
        #expect(tag.count < 5_000 && tag.contains("öö…"))
    }
}
