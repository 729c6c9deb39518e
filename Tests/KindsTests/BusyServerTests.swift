import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// A server, or a gateway before it, that puts requests off.
@Suite("A busy server", .busy)
struct BusyServerTests {
    fileprivate static let spec = """
        experiments: {e: {}}
        registeredModels: {m: {}}
        prompts: {p: {template: One, alias: live}}
        datasets: {d: {experiment: e, records: [{q: One}]}}
        vectorStores: {s: {embeddingModel: scripted/embed, documents: [{text: Hi, name: hi.txt}]}}
        agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}}}
        """

    fileprivate static let changed = spec.replacing("One", with: "Two").replacing("m: {}", with: "m: {name: n}")

    @Test("An apply goes on when a request was put off", arguments: Array(stride(from: 1, through: 90, by: 2)))
    func putOff(number: Int) async throws {
        // An attachment is never sent again.
        try await Self.expectWhole(.busy(number)) { !$0.url.hasSuffix("/files") || !$0.url.contains("vector_stores") }
    }

    @Test("An apply makes nothing twice when a gateway puts off what the server did", arguments: 1...72)
    func gateway(number: Int) async throws {
        try await Self.expectWhole(.gateway(number)) { $0.url.hasPrefix(FakeMLflow.base) }
    }

    @Test("An apply uses the upload that a gateway puts off after the server took it", arguments: 1...40)
    func upload(number: Int) async throws {
        try await Self.expectWhole(.gateway(number)) { request in
            request.method == .post && request.url.hasSuffix("/files") && !request.url.contains("vector_stores")
        }
    }

    @Test("An upload in doubt ends the apply, and the next one uses it")
    func doubtfulUpload() async throws {
        let stack = try TestStack()
        // Two stores bring the same document at once: whose upload got through cannot be told.
        let spec = """
            vectorStores:
              s: {embeddingModel: scripted/embed, documents: [{text: Hi, name: hi.txt}]}
              t: {embeddingModel: scripted/embed, documents: [{text: Hi, name: hi.txt}]}
            """
        for number in 1...40 {
            let scissors = Scissors(.gateway(number)) { request in
                request.method == .post && request.url.hasSuffix("/files") && !request.url.contains("vector_stores")
            }
            _ = try await stack.open(spec, scissors).apply()
            try await stack.apply(spec)
            #expect(stack.ogx.files.count == 2, "\(number)")
            try await stack.apply("", Permissions(allowEmpty: true))
            #expect(stack.ogx.files.isEmpty, "\(number)")
        }
    }

    private static func expectWhole(
        _ cut: Scissors.Cut, _ affects: @escaping @Sendable (HTTPRequest) -> Bool
    ) async throws {
        let stack = try TestStack()
        for (spec, should) in [(Self.spec, try Undisturbed.world(0)), (changed, try Undisturbed.world(1))] {
            let applied = try await stack.open(spec, Scissors(cut, affects: affects)).apply()
            #expect(applied.failures == [], "\(cut)")
            #expect(Contents(stack).lines.difference(from: should.lines).isEmpty, "\(cut)")
        }
    }
}

extension Trait where Self == Undisturbed {
    /// What undisturbed applies leave: of the first spec, and of the changed one after it.
    fileprivate static var busy: Self {
        Self {
            let stack = try TestStack()
            try await stack.apply(BusyServerTests.spec)
            let first = Contents(stack)
            try await stack.apply(BusyServerTests.changed)
            return [first, Contents(stack)]
        }
    }
}
