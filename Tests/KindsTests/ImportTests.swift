import Engine
import Fakes
import Kinds
import Language
import Testing

/// Objects that exist and become parts of a stack.
@Suite("Imports")
struct ImportTests {
    private static func imported(_ id: String, as address: Address, _ spec: String, _ stack: TestStack) async throws {
        let run = try await stack.open(spec)
        let driver = try #require(run.drivers.first { $0.kind == address.kind })
        #expect(driver.importKey != nil)
        #expect(try await driver.find("nothing-of-this-name", of: run.workflow.stack)?.label == nil)
        let member = try #require(try await driver.find(id, of: run.workflow.stack), "\(id)")
        let context = ApplyContext(stack: run.workflow.stack, record: run.store, progress: { _ in })
        let fields = try await driver.mark(member, as: address, in: context)
        var entries = try await run.store.load().entries
        entries[address.description] = Record.Entry(fields: fields)
        try await run.store.save(entries)
    }

    @Test("An object of each kind is found by its id, and then changed instead of made")
    func kinds() async throws {
        let kept = """
            experiments: {old: {onDelete: retain}}
            registeredModels: {old: {onDelete: retain}}
            prompts: {old-prompt: {template: One, onDelete: retain}}
            vectorStores: {old: {embeddingModel: scripted/embed, embeddingDimension: 384, onDelete: retain}}
            """
        let stack = try TestStack()
        try await stack.apply(kept)
        try await stack.apply("", Permissions(allowEmpty: true))
        let store = try #require(stack.ogx.stores.first?.id)
        let cases = [
            ("experiments", "old", "{}"), ("registeredModels", "old", "{}"),
            ("prompts", "old-prompt", "{template: One}"),
            ("vectorStores", store, "{embeddingModel: scripted/embed, embeddingDimension: 384}"),
        ]
        for (kind, id, declared) in cases {
            let spec = "\(kind): {new: \(declared)}"
            #expect(try await stack.plan(spec).lines.first?.hasPrefix("create \(kind).new") == true, "\(kind)")
            try await Self.imported(id, as: Address(kind, "new"), spec, stack)
            #expect(try await stack.plan(spec).lines == ["update \(kind).new: name"], "\(kind)")
            try await stack.apply(spec)
            #expect(try await stack.plan(spec).lines == [], "\(kind)")
            try await stack.apply("", Permissions(allowEmpty: true))
        }
    }

    @Test("What cannot carry a mark is known by the record once it is imported")
    func natural() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack035))
        try await stack.apply("shields: {old: {provider: llama-guard, onDelete: retain}}")
        try await stack.apply("", Permissions(allowEmpty: true))
        let spec = "shields: {new: {id: old, provider: llama-guard}}"
        try await Self.imported("old", as: Address("shields", "new"), spec, stack)
        #expect(try await stack.plan(spec).lines == [])
    }
}
