import Engine
import Language
import Testing

@Suite("Former names")
struct MovesTests {
    @Test(
        "A former name is one of the same kind that nothing else has or had",
        arguments: [
            ("boxes: {a: {moved: b}}", []),
            ("boxes: {a: {moved: b}, c: {moved: d}}\nnotes: {n: {moved: b}}", []),
            ("boxes: {a: {moved: a}}", ["bad-moved"]),
            ("boxes: {a: {moved: boxes.b}}", ["bad-moved"]),
            ("boxes: {a: {moved: notes/b}}", ["bad-moved"]),
            ("boxes: {a: {moved: b}, b: {}}", ["moved-from-declared"]),
            ("boxes: {a: {moved: c, implies: c}}", ["moved-from-declared"]),
            ("boxes: {a: {moved: c}, b: {moved: c}}", ["moved-twice"]),
        ])
    func moves(spec: String, codes: [String]) {
        #expect(Shop.declare(spec).1.map(\.code.name) == codes)
    }

    @Test("A kind before the name is told to be taken away")
    func kind() {
        #expect(Shop.declare("boxes: {a: {moved: boxes.b}}").1.map(\.fix) == ["Write `moved: b`."])
    }

    @Test("What each undeclared thing is called is asked once, however many are made")
    func heldNames() async throws {
        let shop = Shop()
        for number in 1...10 {
            shop.shelf.put("old\(number)", stack: "shop", address: Address("boxes", "old\(number)"))
        }
        let boxes = (1...10).map { "  new\($0): {}\n" }.joined()
        let plan = try await shop.plan("boxes:\n\(boxes)")
        #expect(plan.lines.count { $0.hasPrefix("create new") } == 10)
        #expect(shop.shelf.looks == 10)
    }
}
