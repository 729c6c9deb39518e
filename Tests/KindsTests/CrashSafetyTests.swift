import Engine
import Fakes
import Language
import Testing

/// Cuts an apply off at every request, in every way, and lets the next one finish.
@Suite("Crash safety", .cutOff)
struct CrashSafetyTests {
    fileprivate static let first = """
        experiments: {helpdesk: {description: Answers, tags: {team: support}}}
        registeredModels: {helpdesk-support: {tags: {team: support}}}
        prompts: {words: {template: "Be brief.", alias: production}}
        datasets: {refunds: {experiment: helpdesk, records: [{q: When, expectations.team: support}, {q: "Be brief."}]}}
        vectorStores: {handbook: {embeddingModel: scripted/embed, documents: ["docs/*.md"]}}
        tools: {knowledge: {fileSearch: {vectorStores: [handbook]}}}
        agents:
          support:
            model: scripted/llm
            instructions: {prompt: words}
            tools: [knowledge]
            log: {experiment: helpdesk, registeredModel: helpdesk-support}
        """

    fileprivate static let second = first.replacing("team: support", with: "team: desk")
        .replacing("Be brief.", with: "Be kind.")

    /// All applies take at most so many requests, so that every one of them is cut; `reach` proves it.
    private static let most = 100

    /// That a request is not sent leaves the servers as the lost answer of the one before it does, so one of the two is
    /// enough; a single lost answer differs, since the apply goes on with what does not depend on it.
    private static let cuts = [Scissors.Cut.before(1)] + (1...most).flatMap { [Scissors.Cut.after($0), .answer($0)] }

    fileprivate static func begin() throws -> TestStack {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        try stack.write("docs/c.md", "We are closed on Sundays.")
        return stack
    }

    /// Changes a document, takes one out, and adds one.
    fileprivate static func edit(_ stack: TestStack) throws {
        try stack.write("docs/a.md", "Refunds take 14 days.")
        try stack.remove("docs/b.md")
        try stack.write("docs/d.md", "We ship to Iceland.")
    }

    private static func expectSame(_ stack: TestStack, as should: Contents, _ cut: String) {
        let found = Contents(stack)
        guard found != should else { return }
        let more = found.lines.filter { !should.lines.contains($0) }.joined(separator: "\n  + ")
        let less = should.lines.filter { !found.lines.contains($0) }.joined(separator: "\n  - ")
        Issue.record(
            "After the cut (\(cut)) and one more apply:\n  + \(more)\n  - \(less)\n(\(found.lines.count) lines, not \(should.lines.count))"
        )
    }

    @Test(
        "A first apply that was cut off anywhere is finished by the next one, with nothing made twice", arguments: cuts)
    func firstApply(cut: Scissors.Cut) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.first, cutting: cut)
        try await stack.apply(Self.first)
        Self.expectSame(stack, as: try Undisturbed.world(0), "\(cut)")
        let rest = try await stack.plan(Self.first)
        #expect(rest.lines == [], "\(cut)")
    }

    @Test(
        "A changing apply that was cut off anywhere is finished by the next one, with nothing made twice",
        arguments: cuts)
    func changingApply(cut: Scissors.Cut) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.first)
        try Self.edit(stack)
        try await stack.apply(Self.second, cutting: cut)
        try await stack.apply(Self.second)
        Self.expectSame(stack, as: try Undisturbed.world(1), "\(cut)")
        let rest = try await stack.plan(Self.second)
        #expect(rest.lines == [], "\(cut)")
    }

    @Test(
        "A first apply that was cut off twice is finished all the same", arguments: [20, 24, 28, 32, 36, 40],
        [19, 24, 29, 34])
    func cutTwice(first: Int, second: Int) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.first, cutting: .after(first))
        try await stack.apply(Self.first, cutting: .after(second))
        try await stack.apply(Self.first)
        Self.expectSame(stack, as: try Undisturbed.world(0), "after \(first), then after \(second)")
    }

    @Test("A destroy that was cut off anywhere is finished by the next one", arguments: cuts)
    func destroy(cut: Scissors.Cut) async throws {
        let spec = Self.first.replacing("{description: Answers", with: "{onDelete: delete, description: Answers")
            .replacing("support: {tags", with: "support: {onDelete: delete, tags")
        let stack = try Self.begin()
        try await stack.apply(spec)
        let (workflow, folder) = try stack.declare(spec)
        let gone = workflow.withoutDeclarations
        let permissions = Permissions(allowEmpty: true)
        // That it fails is what the cut is for.
        _ = try? await stack.open(gone, folder, Scissors(cut)).apply(permissions)
        let applied = try await stack.open(gone, folder, Scissors(.never)).apply(permissions)
        #expect(applied.failures == [], "\(cut)")
        #expect(stack.ogx.files.isEmpty && stack.ogx.stores.isEmpty, "\(cut)")
        let mlflow = stack.mlflow.store
        #expect(mlflow.versions.isEmpty && mlflow.registeredModels.isEmpty, "\(cut)")
        let logged = mlflow.loggedModels.filter { !$0.isDeleted }
        #expect(logged.isEmpty, "\(cut)")
        let left = mlflow.experiments.filter { !$0.isDeleted }.map(\.name)
        #expect(left == ["Default", "drover/helpdesk"], "\(cut)")
        let rest = try await stack.open(gone, folder, Scissors(.never)).plan(permissions)
        #expect(rest.lines == [], "\(cut)")
    }

    @Test("The cuts reach every request of the applies")
    func reach() async throws {
        let stack = try Self.begin()
        let creating = try await stack.apply(Self.first, cutting: .never)
        #expect(creating.count <= Self.most)
        let versions = creating.filter { $0.hasSuffix("model-versions/create") }
        #expect(versions.count == 2)
        try Self.edit(stack)
        let changing = try await stack.apply(Self.second, cutting: .never)
        #expect(changing.count <= Self.most)
        let deletions = changing.filter { $0.hasPrefix("DELETE") }
        #expect(deletions.count == 6)
    }
}

extension Trait where Self == Undisturbed {
    /// What undisturbed applies leave: of the first spec, and of the second after it.
    fileprivate static var cutOff: Self {
        Self {
            let stack = try CrashSafetyTests.begin()
            try await stack.apply(CrashSafetyTests.first)
            let one = Contents(stack)
            try CrashSafetyTests.edit(stack)
            try await stack.apply(CrashSafetyTests.second)
            return [one, Contents(stack)]
        }
    }
}
