import Engine
import Language
import Testing

@Suite("Scope")
struct ScopeTests {
    private static let spec = """
        boxes:
          small: {}
          large: {inside: [small]}
          other: {label: new}
        """

    @Test("A plan over a scope visits what is wanted and what that needs, and removes nothing")
    func targets() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}, other: {}}")
        let plan = try await shop.planner(Self.spec, targets: ["large"]).plan()
        #expect(plan.lines == ["create small: name", "create large: inside, name"])
        let whole = try await shop.plan(Self.spec)
        #expect(whole.lines.contains("update other: label") && whole.lines.contains("delete gone"))
    }

    @Test("A preview tells what is known of each thing before an apply")
    func previews() async throws {
        let shop = Shop()
        let previews = try await shop.planner(Self.spec, targets: ["large"]).previews()
        #expect(Set(previews.keys.map(\.name)) == ["small", "large"])
        #expect(previews[Address("boxes", "large")]?.unknown == ["inside"])
        #expect(previews[Address("boxes", "large")]?.outputs == nil)
    }

    @Test("A declaration that no server at hand can hold is an error, never passed over")
    func noDriver() async throws {
        let shop = Shop()
        let planner = try await shop.planner("boxes: {small: {}, large: {inside: [small]}}", isAtHand: false)
        let thrown = await #expect(throws: Diagnostics.self) { try await planner.plan() }
        #expect(thrown?.all.map(\.code) == ["no-server"])
        #expect(thrown?.all.first?.cause == .lacking && thrown?.all.first?.subject != nil)
    }
}
