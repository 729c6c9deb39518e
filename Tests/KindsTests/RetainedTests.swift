import Engine
import Fakes
import Kinds
import Language
import Synchronization
import Testing
import Wire

/// What is kept when its declaration leaves the spec: forgotten whole, whatever is cut off, and taken up again.
@Suite("What is kept")
struct RetainedTests {
    private static let spec = """
        experiments: {e: {tags: {a: x}}}
        registeredModels: {m: {tags: {a: x}}}
        prompts: {p: {template: One, onDelete: retain}}
        datasets: {d: {experiment: e, records: [{q: One, expectations.a: 1}, {q: Two}], onDelete: retain}}
        agents:
          a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}}
        """
    private static let empty = Permissions(allowEmpty: true)

    /// The keys of drover's own on everything that MLflow holds for people, by where they are.
    private static func marks(_ stack: TestStack) -> [String] {
        let store = stack.mlflow.store
        var found: [(String, [String])] = store.experiments.filter { !$0.name.hasPrefix("drover/") }.map {
            ("experiment", $0.tags.map(\.key))
        }
        found += store.registeredModels.map { ("model \($0.name)", $0.tags.map(\.key)) }
        found += store.versions.map { ("version of \($0.name)", $0.tags.map(\.key)) }
        found += store.datasets.map { ("dataset", Array($0.tags.keys)) }
        found += store.datasets.flatMap(\.records).map { ("record", Array($0.tags.keys)) }
        return found.flatMap { place, keys in
            keys.filter { $0.hasPrefix("drover.") }.map { "\(place): \($0)" }
        }.sorted()
    }

    private static let kept = [
        "dataset: drover.retained", "experiment: drover.retained", "model m: drover.retained",
        "model p: drover.retained", "record: drover.retained", "record: drover.retained",
        "version of p: drover.retained",
    ]

    private static func destroy(_ stack: TestStack, _ scissors: Scissors = Scissors(.never)) async throws -> Applied {
        let (workflow, folder) = try stack.declare(spec)
        return try await stack.open(workflow.withoutDeclarations, folder, scissors).apply(empty)
    }

    @Test("Nothing of drover's is left but that it was kept, wherever a destroy was cut off", arguments: 1...64)
    func forgotten(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)].prefix(number % 3 == 0 ? 2 : 1) {
            let stack = try TestStack()
            try await stack.apply(Self.spec)
            _ = try? await Self.destroy(stack, Scissors(cut))  // That it fails is what the cut is for.
            let applied = try await Self.destroy(stack)
            #expect(applied.failures == [], "\(cut)")
            #expect(Self.marks(stack) == Self.kept, "\(cut)")
            let records = stack.mlflow.store.datasets.flatMap(\.records).map(\.inputs.canonicalJSON)
            #expect(records.sorted() == [#"{"q":"One"}"#, #"{"q":"Two"}"#], "\(cut)")
            let rest = try await stack.open("", Scissors(.never)).plan(Self.empty)
            #expect(rest.lines == [], "\(cut)")
        }
    }

    @Test("The cuts reach every request of the destroy")
    func reach() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        let scissors = Scissors(.never)
        _ = try await Self.destroy(stack, scissors)
        #expect(scissors.requests.count <= 64)
    }

    @Test(
        "What was kept is taken up again without a word, wherever that is cut off, and can be removed then",
        arguments: Array(stride(from: 1, through: 72, by: 3)))
    func takenUp(number: Int) async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec)
        func marks() -> [String] {
            // How the dataset was seen last is noted when its records are written.
            Self.marks(stack).filter {
                !$0.hasPrefix("version of m") && !$0.hasPrefix("record") && !$0.hasSuffix("seen")
            }
        }
        let before = marks()
        _ = try await Self.destroy(stack)
        let plan = try await stack.plan(Self.spec)
        #expect(
            plan.lines.filter { !$0.contains("agents.") } == [
                "adopt experiments.e", "adopt registeredModels.m", "adopt prompts.p", "adopt datasets.d",
            ])
        try await stack.apply(Self.spec, cutting: .after(number))
        try await stack.apply(Self.spec)
        #expect(marks() == before, "\(number)")
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [], "\(number)")
        let deleting = Self.spec.replacing(", onDelete: retain", with: "")
        try await stack.apply(deleting)
        let gone = try await stack.open("experiments: {e: {}}\nregisteredModels: {m: {}}").apply()
        #expect(gone.failures == [], "\(number)")
        #expect(stack.mlflow.store.datasets.isEmpty, "\(number)")
        #expect(stack.mlflow.store.registeredModels.map(\.name) == ["m"], "\(number)")
    }

    private static let model = "models: {m: {id: scripted-more, provider: scripted, onDelete: retain}}"

    private static func models(_ stack: TestStack) -> [FakeRegistration] {
        stack.ogx.models.filter { $0.id.hasSuffix("scripted-more") }
    }

    @Test("A registered model that is kept, and taken up again, is there wherever that is cut off", arguments: 1...30)
    func model(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)] {
            let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
            let rest = "experiments: {e: {}}\n"
            try await stack.apply(rest + Self.model)
            try await stack.apply(rest, cutting: cut)
            try await stack.apply(rest)
            #expect(Self.models(stack).count == 1, "\(cut)")
            let kept = Self.models(stack).first?.value["metadata"]?.object ?? [:]
            #expect(kept.keys.filter { $0.hasPrefix("drover.") } == [Mark.retainedKey], "\(cut)")
            #expect(try await stack.plan(rest).lines == [], "\(cut)")
            try await stack.apply(rest + Self.model, cutting: cut)
            try await stack.apply(rest + Self.model)
            let ours = Self.models(stack).first?.value["metadata"]?.object ?? [:]
            #expect(ours[Mark.stackKey] == "helpdesk" && ours[Mark.retainedKey] == nil, "\(cut)")
            #expect(try await stack.plan(rest + Self.model).lines == [], "\(cut)")
            try await stack.apply(rest)
            let again = try await stack.open(rest, Scissors(.never)).store.load()
            #expect(again.intents.isEmpty, "\(cut)")
        }
    }

    @Test("A model that was cut off between its two registrations comes back also when nobody wants it any more")
    func vanished() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        let rest = "experiments: {e: {}}\n"
        try await stack.apply(rest + Self.model)
        let isGone = Mutex(false)
        stack.ogx.intercept { request in
            if request.method == .delete, request.url.contains("/models/") { isGone.withLock { $0 = true } }
            let isAgain = request.method == .post && request.url.hasSuffix("/models") && isGone.withLock { $0 }
            return isAgain ? .failure(TransportFailure(.broken, "the connection was closed")) : nil
        }
        _ = try await stack.open(rest).apply()
        #expect(Self.models(stack).isEmpty)
        stack.ogx.intercept(nil)
        #expect(try await stack.plan(rest).lines == ["forget models.m"])
        try await stack.apply(rest)
        #expect(Self.models(stack).count == 1)
        #expect(try await stack.plan(rest).lines == [])
    }

    @Test("Another stack does not take up what was kept of this one")
    func othersKept() async throws {
        let stack = try TestStack()
        _ = try await stack.mlflow.server().createExperiment("e", tags: [Mark.retainedKey: "sales"])
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan("experiments: {e: {}}") }
        #expect(thrown?.all.map(\.code) == ["not-ours"])
    }

    @Test("A half of a mark that an earlier drover left is taken off, or made whole where it is wanted")
    func half() async throws {
        let stack = try TestStack()
        let server = stack.mlflow.server()
        let id = try await server.createExperiment("e", tags: [Mark.stackKey: "helpdesk"])
        let plan = try await stack.plan("experiments: {e: {}}")
        #expect(plan.lines == ["adopt experiments.e"])
        try await stack.apply("registeredModels: {other: {}}")
        let tags = try #require(stack.mlflow.store.experiments.first { $0.id == id }).tags.map(\.key)
        #expect(tags == [Mark.retainedKey])
    }

    @Test("A version that an alias points at is forgotten whole, wherever that is cut off", arguments: 1...24)
    func aliased(number: Int) async throws {
        let spec = "agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}}}"
        let base = "experiments: {e: {}}\nregisteredModels: {m: {}}\n"
        let stack = try TestStack()
        try await stack.apply(base + spec)
        try await stack.mlflow.server().setAlias("live", of: "m", toVersion: "1")
        try await stack.apply(base, cutting: .after(number))
        try await stack.apply(base)
        let store = stack.mlflow.store
        let runs = store.runs.filter { $0.name != "apply" }.map(\.tags)
        let tags = (store.versions.map(\.tags) + runs + store.loggedModels.map(\.tags)).flatMap(\.self)
        let marked = tags.filter { [Mark.stackKey, Mark.addressKey].contains($0.key) }
        #expect(marked.isEmpty, "\(number)")
        #expect(store.versions.count == 1 && store.loggedModels.map(\.isDeleted) == [false], "\(number)")
        let rest = try await stack.plan(base)
        #expect(rest.lines == [], "\(number)")
        try await stack.apply(base + spec)
        let again = try await stack.plan(base + spec)
        #expect(again.lines == [], "\(number)")
    }

    @Test("Implied experiments and registered models, and vector stores, are taken up again too")
    func implied() async throws {
        let stack = try TestStack()
        let spec = """
            vectorStores:
              s: {embeddingModel: scripted/embed, documents: [{text: Hi, name: hi.txt}], onDelete: retain}
            agents: {a: {model: scripted/llm, instructions: One}}
            """
        try await stack.apply(spec)
        let store = try #require(stack.ogx.stores.first).id
        _ = try await stack.apply("", Self.empty)
        let kept = stack.ogx.stores.flatMap(\.metadata.keys).filter { $0.hasPrefix("drover.") }
        #expect(kept == [Mark.retainedKey])
        let plan = try await stack.plan(spec)
        #expect(
            plan.lines.filter { $0.hasPrefix("adopt") }.sorted() == [
                "adopt experiments.helpdesk", "adopt registeredModels.helpdesk-a", "adopt vectorStores.s",
            ])
        try await stack.apply(spec)
        #expect(stack.ogx.stores.map(\.id) == [store])
        let rest = try await stack.plan(spec)
        #expect(rest.lines == [])
    }

    @Test("What was kept and deleted meanwhile is restored")
    func deletedMeanwhile() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {e: {}}")
        _ = try await stack.apply("", Self.empty)
        let id = try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
        try await stack.mlflow.server().deleteExperiment(id)
        try await stack.apply("experiments: {e: {}}")
        #expect(stack.mlflow.store.experiments.first { $0.id == id }?.isDeleted == false)
        let rest = try await stack.plan("experiments: {e: {}}")
        #expect(rest.lines == [])
    }

    @Test("A tool group that only the record knows is taken up again too")
    func byRecord() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        let spec = """
            shields: {guard: {provider: llama-guard, onDelete: retain}}
            """
        try await stack.apply(spec)
        _ = try await stack.apply("", Self.empty)
        let plan = try await stack.plan(spec)
        #expect(plan.lines == ["adopt shields.guard"])
        try await stack.apply(spec)
        let rest = try await stack.plan(spec)
        #expect(rest.lines == [])
        _ = try await stack.apply(spec.replacing(", onDelete: retain", with: ""))
        _ = try await stack.apply("", Self.empty)
        #expect(stack.ogx.shields.isEmpty)
    }

    @Test(
        "What only the record knows stays in it while it is taken up again, wherever that is cut off",
        arguments: ["shields", "tools"], [false, true])
    func takenUpByRecord(kind: String, isChanged: Bool) async throws {
        let server = FakeStackVersion.llamaStack0224
        func spec(_ more: String, _ place: String = "one") -> String {
            kind == "shields"
                ? "shields: {it: {provider: llama-guard, params: {at: \(place)}\(more)}}"
                : """
                tools: {it: {name: kept, mcp: {url: "http://\(place).test/mcp"}\(more)}}
                agents: {a: {model: \(server.models.llm), instructions: One, runtime: agents, tools: [it], log: false}}
                """
        }
        func prepared() async throws -> (TestStack, before: Int) {
            let stack = try TestStack(ogx: FakeOGX(server))
            let before = stack.ogx.shields.count + stack.ogx.toolGroups.count
            try await stack.apply(spec(", onDelete: retain"))
            try await stack.apply("", Self.empty)
            #expect(stack.ogx.shields.count + stack.ogx.toolGroups.count == before + 1)
            return (stack, before)
        }
        let again = spec("", isChanged ? "two" : "one")
        let requests = try await prepared().0.apply(again, cutting: .never)
        for number in 1...requests.count {
            let (stack, before) = try await prepared()
            try await stack.apply(again, cutting: .after(number))
            try await stack.apply(again)
            #expect(try await stack.plan(again).lines == [], "\(number)")
            try await stack.apply("", Self.empty)
            #expect(stack.ogx.shields.count + stack.ogx.toolGroups.count == before, "\(number)")
        }
    }
}
