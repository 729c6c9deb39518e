import Engine
import Testing

@Suite("Logical digests of what is applied")
struct IdentitiesTests {
    private let shop = Shop()
    private let a = Address("boxes", "a")
    private let b = Address("boxes", "b")

    private func digests(_ boxes: String) async throws -> [Address: String] {
        try await shop.planner(boxes, targets: ["a", "b"]).appliedIdentities(of: [a, b])
    }

    @Test("They are known of what is applied as it is declared, with all that it needs, and of nothing else")
    func applied() async throws {
        let spec = "boxes: {a: {inside: [b]}, b: {size: 3}, c: {}}"
        #expect(try await digests(spec) == [:])
        try await shop.apply(spec)
        let known = try await digests(spec)
        #expect(Set(known.keys) == [a, b])
        #expect(try await digests(spec) == known)
        // Something else is declared.
        #expect(try await digests(spec.replacing("c: {}", with: "c: {label: x}")) == known)
        #expect(Set(try await digests(spec.replacing("inside: [b]", with: "inside: [b], label: x")).keys) == [b])
        // What is needed is declared otherwise.
        #expect(try await digests(spec.replacing("3", with: "4")) == [:])
    }

    @Test("They change nothing")
    func pure() async throws {
        _ = try await digests("boxes: {a: {inside: [b]}, b: {}}")
        #expect(shop.shelf.calls == [])
    }
}
