import Engine
import Fakes
import Foundation
import Kinds
import Language
import Testing
import Wire

/// One kind, in a spec of its own.
struct KindCase: Sendable, CustomTestStringConvertible {
    let kind: String
    /// What it needs to be there.
    var base = ""
    let declared: String
    /// Other values of declared fields.
    let changed: String
    /// What a plan calls its creation.
    var brings = "create"
    /// Puts something on the object that nobody declared.
    var decorate: @Sendable (TestStack) async throws -> Void = { _ in }

    var testDescription: String { kind }
    var address: Address { Address(kind, "it") }

    var first: String { "\(base)\n\(kind): {it: \(declared)}" }
    var second: String { "\(base)\n\(kind): {it: \(changed)}" }

    static let all = [
        KindCase(
            kind: "experiments", declared: "{description: One, tags: {a: x, b: y}, onDelete: delete}",
            changed: "{description: Two, tags: {a: z}, onDelete: delete}",
            decorate: { stack in
                let server = stack.mlflow.server()
                let experiment = try await server.experiments().first { $0.name == "it" }
                try await server.setExperimentTag(try #require(experiment).id, "theirs", to: "kept")
            }),
        KindCase(
            kind: "registeredModels", declared: "{description: One, tags: {a: x, b: y}, onDelete: delete}",
            changed: "{name: renamed, tags: {a: z}, onDelete: delete}",
            decorate: { try await $0.mlflow.server().setRegisteredModelTag("it", "theirs", to: "kept") }),
        KindCase(
            kind: "prompts",
            declared: "{description: One, template: \"Hi {{name}}\", tags: {a: x, b: y}, alias: production}",
            changed: "{name: renamed, template: [{role: system, content: Ho}], tags: {a: z}, alias: live}",
            decorate: { try await $0.mlflow.server().setRegisteredModelTag("it", "theirs", to: "kept") }),
        KindCase(
            kind: "datasets", base: "experiments: {e: {}}",
            declared:
                "{experiment: e, description: One, tags: {a: x, b: y}, records: [{q: One, expectations.days: 3}, {q: Two}]}",
            changed:
                "{experiment: e, tags: {a: z}, records: [{q: One, expectations.hours: 72}, {q: Three, tags.case: c}]}",
            decorate: { stack in
                let server = stack.mlflow.server()
                let dataset = try #require(try await server.datasets(tagged: "drover.stack", "helpdesk").first)
                try await server.setDatasetTags(dataset.id, ["theirs": "kept"])
            }),
        KindCase(kind: "models", declared: "{id: scripted/llm}", changed: "{id: scripted/embed}"),
        KindCase(
            kind: "shields", declared: "{provider: guard, ifUnsupported: skip}",
            changed: "{provider: guard, providerShield: other, ifUnsupported: skip}"),
        KindCase(
            kind: "vectorStores",
            declared:
                "{embeddingModel: scripted/embed, metadata: {a: x, b: y}, documents: [a.md, {text: Hi, name: hi.txt}]}",
            changed: "{embeddingModel: scripted/embed, metadata: {a: z}, documents: [a.md, {text: Ho, name: hi.txt}]}",
            decorate: { stack in
                let server = try await LlamaStack.connect(
                    to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
                let store = try #require(try await server.vectorStores.list().first)
                let metadata = store.metadata.merging(["theirs": "kept"]) { $1 }
                _ = try await server.vectorStores.update(store.id, metadata: metadata)
                let file = try await server.files.upload(Array("theirs".utf8), path: "theirs.txt")
                _ = try await server.files(in: store.id).attach(file.id)
            }),
        KindCase(
            kind: "tools", declared: "{mcp: {url: \"http://desk.test/mcp\"}}",
            changed: "{mcp: {url: \"http://desk.test/mcp\", allow: [a]}}"),
        KindCase(
            kind: "agents", base: "experiments: {e: {}}\nregisteredModels: {m: {}}",
            declared:
                "{model: scripted/llm, instructions: One, metadata: {a: x}, log: {experiment: e, registeredModel: m, tags: {a: x}}}",
            changed: "{model: scripted/llm, instructions: Two, log: {experiment: e, registeredModel: m}}",
            decorate: { try await $0.mlflow.server().setModelVersionTag("m", version: "1", "theirs", to: "kept") }),
        KindCase(
            kind: "releases", base: "agents: {a: {model: scripted/llm, instructions: One}}",
            declared: "{agent: a, alias: production}", changed: "{agent: a, alias: live}", brings: "promote",
            decorate: { try await $0.mlflow.server().setRegisteredModelTag("helpdesk-a", "theirs", to: "kept") }),
        KindCase(kind: "notes", declared: "{text: One}", changed: "{name: renamed, text: Two}"),
    ]

    /// Every kind of drover, and the toy: one line.
    static func kinds() -> Kinds {
        Kinds(Kinds.standard.all + [.notes(in: Drawer())])
    }

    /// Whether others can put something on its objects that nobody declared.
    var takesMore: Bool { !isInline && kind != "notes" }

    /// Kinds whose things live inside of others only.
    var isInline: Bool { ["models", "shields", "tools"].contains(kind) }
}

@Suite("The contract of a kind")
struct ContractTests {
    private static func begin() throws -> TestStack {
        let stack = try TestStack(kinds: KindCase.kinds())
        try stack.write("a.md", "Llamas eat hay.")
        return stack
    }

    private static func actions(_ plan: Plan, _ each: KindCase) -> [String] {
        plan.changes.filter { $0.address == each.address && $0.action != .keep }.map(\.action.rawValue)
    }

    @Test("Every kind is put to the test")
    func everyKind() {
        #expect(KindCase.all.map(\.kind) == KindCase.kinds().sections.filter { $0.role == .reconciled }.map(\.key))
    }

    @Test("Absent, created, no difference, changed, updated, no difference, deleted, absent", arguments: KindCase.all)
    func life(_ each: KindCase) async throws {
        let stack = try Self.begin()
        let created = try await stack.plan(each.first)
        #expect(Self.actions(created, each) == (each.isInline ? [] : [each.brings]))
        try await stack.apply(each.first)
        let same = try await stack.plan(each.first)
        #expect(same.lines == [])
        let updated = try await stack.plan(each.second)
        #expect(Self.actions(updated, each) == (each.isInline ? [] : ["update"]))
        try await stack.apply(each.second)
        let again = try await stack.plan(each.second)
        #expect(again.lines == [])
        let run = try await stack.open(each.second)
        let member = try await run.survey().members[each.address]
        let empty = Permissions(allowEmpty: true)
        try await stack.apply(each.base, empty)
        let gone = try await stack.open(each.base).survey().members[each.address]
        #expect(gone == nil)
        let rest = try await stack.plan(each.base, empty)
        #expect(rest.lines == [])
        guard let member else {
            #expect(each.isInline)
            return
        }
        let context = ApplyContext(stack: run.workflow.stack, record: run.store, progress: { _ in })
        for driver in run.drivers where driver.kind == each.kind {
            try await driver.remove(member, action: .delete, in: context)
        }
    }

    @Test("Discovering changes nothing", arguments: KindCase.all)
    func discovery(_ each: KindCase) async throws {
        let stack = try Self.begin()
        try await stack.apply(each.first)
        let before = Contents(stack)
        _ = try await stack.open(each.second).survey()
        #expect(Contents(stack) == before)
    }

    @Test("Creating what exists is no error, and leaves one", arguments: KindCase.all)
    func createTwice(_ each: KindCase) async throws {
        let stack = try Self.begin()
        try await stack.apply(each.first)
        let before = Contents(stack)
        let run = try await stack.open(each.first)
        let survey = try await Survey.take(of: run.workflow, with: run.drivers.filter { $0.kind != each.kind })
        let executor = Executor(
            run.workflow, drivers: run.drivers, survey: survey, record: try await run.store.load(), store: run.store,
            permissions: Permissions(), onEvent: { _ in })
        let applied = try await executor.apply(Plan(stack: run.workflow.stack, changes: []), parallelism: 1)
        #expect(applied.failures == [])
        try await stack.apply(each.first)
        #expect(Contents(stack) == before)
        let rest = try await stack.plan(each.first)
        #expect(rest.lines == [])
    }

    @Test("What the author did not write is not compared, and not touched", arguments: KindCase.all)
    func undeclared(_ each: KindCase) async throws {
        let stack = try Self.begin()
        try await stack.apply(each.first)
        try await each.decorate(stack)
        let plan = try await stack.plan(each.first)
        #expect(plan.lines == [])
        try await stack.apply(each.second)
        let isKept = !each.takesMore || Contents(stack).description.contains("theirs")
        #expect(isKept)
    }

    @Test("Every wait of an apply can be cancelled", arguments: KindCase.all)
    func cancellation(_ each: KindCase) async throws {
        let whole = try Self.begin()
        let count = try await whole.apply(each.first, cutting: .never).count
        for number in 1...count {
            let stack = try Self.begin()
            do {
                let applied = try await Self.apply(each.first, to: stack, stopping: number)
                let isWhole = applied?.wasInterrupted == true && applied?.failures.isEmpty == true
                #expect(isWhole, "request \(number) of \(count)")
            } catch {
                #expect(error is CancellationError, "request \(number) of \(count): \(error)")
            }
            try await stack.apply(each.first)
            let rest = try await stack.plan(each.first)
            #expect(rest.lines == [], "request \(number) of \(count)")
        }
    }
    /// Applies, and is cancelled when it is about to send a request.
    private static func apply(_ yaml: String, to stack: TestStack, stopping number: Int) async throws -> Applied? {
        let (stops, stop) = AsyncStream<Void>.makeStream()
        let (cancellation, _) = AsyncStream<Void>.makeStream()
        let scissors = Scissors(
            .stop(number),
            onStop: {
                stop.finish()
                for await _ in cancellation {}  // It has no elements: only the cancellation ends it.
            })
        return try await withThrowingTaskGroup(of: Applied?.self) { group in
            group.addTask { try await stack.open(yaml, scissors).apply() }
            group.addTask {
                for await _ in stops {}
                return nil
            }
            var applied: Applied?
            for try await result in group {
                group.cancelAll()
                applied = applied ?? result
            }
            return applied
        }
    }
}
