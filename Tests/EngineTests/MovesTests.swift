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
}
