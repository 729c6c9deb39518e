import Engine
import Language
import Testing

@Suite("Workflow")
struct WorkflowTests {
    @Test("Every mistake of a spec is told at once")
    func allMistakes() {
        let (workflow, problems) = Shop.declare(
            """
            boxes:
              a: {lable: x, inside: [bb]}
              b: {size: large, dependsOn: [nonsense, crates/c]}
              c: {inside: [d]}
              d: {inside: [c]}
            boxs: {}
            """, top: "stack: Shop\n")
        #expect(workflow == nil)
        #expect(
            problems.map(\.code.name).sorted() == [
                "bad-dependency", "bad-name", "cycle", "dangling-reference", "missing-field", "unknown-field",
                "unknown-field", "unknown-kind", "wrong-type",
            ])
    }

    @Test("A mention of what is not declared is told at its place, with the nearest name")
    func dangling() {
        let (_, problems) = Shop.declare("boxes: {a: {inside: [hndbook]}, handbook: {}}")
        #expect(problems.map(\.code.name) == ["dangling-reference"])
        #expect(problems.first?.fix == "Did you mean `handbook`?")
        #expect(problems.first?.subject?.start == SourcePosition(line: 3, column: 22))
    }

    @Test("Of a spec that was not read to its end, nothing is missing; what else is wrong is told")
    func incomplete() throws {
        let place = SourceRange.start(of: SourceID(index: 0))
        func map(_ entries: [(String, Node)]) -> Node {
            Node(.mapping(entries.map { Node.Entry(key: $0.0, keyRange: place, value: $0.1) }), at: place)
        }
        let inside = Node(.sequence([Node(.string("b"), at: place)]), at: place)
        let root = map([("boxes", map([("a", map([("inside", inside)]))])), ("boxs", map([]))])
        for (isComplete, codes) in [
            (false, ["unknown-field"]),
            (true, ["unknown-field", "missing-field", "missing-field", "dangling-reference"]),
        ] {
            var problems = Problems()
            let workflow = Workflow.declare(root, catalog: Shop.catalog, isComplete: isComplete, &problems)
            #expect(workflow == nil && problems.diagnostics.map(\.code.name) == codes)
        }
    }

    @Test("What is implied is declared, last of its kind, unless it is declared anyway")
    func implied() throws {
        let workflow = try #require(Shop.declare("boxes: {a: {implies: z}, b: {implies: c}, c: {label: x}}").0)
        #expect(workflow.declarations.map(\.address.name) == ["a", "b", "c", "z"])
        #expect(workflow[Address("boxes", "z")]?.range == nil)
        #expect(workflow[Address("boxes", "c")]?.range != nil)
        #expect(workflow.graph.dependencies(of: Address("boxes", "a")) == [Address("boxes", "z")])
    }

    @Test("A reference to an output is a dependency")
    func outputs() throws {
        let workflow = try #require(Shop.declare("boxes: {a: {dependsOn: [boxes/b]}, b: {}}").0)
        #expect(workflow.graph.dependencies(of: Address("boxes", "a")) == [Address("boxes", "b")])
    }

    @Test("What is only declared is no vertex, but its mentions are checked")
    func notReconciled() throws {
        let workflow = try #require(Shop.declare("boxes: {a: {}}\nnotes: {n: {inside: [a]}}").0)
        #expect(workflow.graph.addresses == [Address("boxes", "a")])
        #expect(workflow[Address("notes", "n")]?.uses.map(\.address) == [Address("boxes", "a")])
        #expect(Shop.declare("notes: {n: {inside: [zzz]}}").1.map(\.code.name) == ["dangling-reference"])
    }

    @Test("A document that is no map lacks what a spec must have")
    func notAMap() {
        let range = SourceRange.start(of: SourceID(index: 0))
        var problems = Problems()
        let workflow = Workflow.declare(Node(.sequence([]), at: range), catalog: Shop.catalog, &problems)
        #expect(workflow == nil)
        #expect(problems.diagnostics.map(\.code.name) == ["missing-field", "missing-field"])
    }
}
