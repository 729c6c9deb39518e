import Engine
import Language
import Testing

@Suite("Graph")
struct GraphTests {
    private static func address(_ name: String) -> Address {
        Address("boxes", name)
    }

    /// A graph from lines such as `a: b c`: a needs b and c.
    static func graph(_ lines: String...) throws(Diagnostics) -> Graph {
        var addresses: [Address] = []
        var uses: [[Use]] = []
        for (index, line) in lines.enumerated() {
            let names = line.split(whereSeparator: { ": ".contains($0) }).map(String.init)
            addresses.append(address(names[0]))
            uses.append(names[1...].map { Use("boxes", Located($0, at: place(UInt32(index + 1)))) })
        }
        return try Graph(addresses, uses: uses)
    }

    @Test("Each stands after what it needs, otherwise as declared")
    func order() throws {
        #expect(try Self.graph("a: c", "b", "c", "d: b").ordered.map(\.name) == ["c", "a", "b", "d"])
        #expect(try Self.graph("a", "b", "c").ordered.map(\.name) == ["a", "b", "c"])
        #expect(try Self.graph("a: d b", "b", "c", "d: c").ordered.map(\.name) == ["b", "c", "d", "a"])
    }

    @Test("What is not declared is no vertex: whoever checks names reports it")
    func dangling() throws {
        let graph = try Self.graph("a: nothing")
        #expect(graph.ordered.map(\.name) == ["a"])
        #expect(graph.dependencies(of: Self.address("a")) == [])
    }

    @Test("A cycle is told as a path with the place of every mention")
    func cycle() throws {
        let thrown = #expect(throws: Diagnostics.self) { try Self.graph("a: b", "b: c", "c: a", "d: a") }
        let diagnostics = try #require(thrown).all
        #expect(diagnostics.map(\.code.name) == ["cycle"])
        #expect(diagnostics[0].detail.hasSuffix("`boxes.a` → `boxes.b` → `boxes.c` → `boxes.a`."))
        #expect(diagnostics[0].subject == place(1))
        #expect(diagnostics[0].notes.map(\.subject) == [place(2), place(3)])
    }

    @Test("Every cycle is told, one that is a single address too")
    func cycles() throws {
        let thrown = #expect(throws: Diagnostics.self) { try Self.graph("a: a", "b: c", "c: b") }
        let details = try #require(thrown).all.map(\.detail)
        #expect(details.count == 2)
        #expect(details[0].hasSuffix("`boxes.a` → `boxes.a`."))
        #expect(details[1].hasSuffix("`boxes.b` → `boxes.c` → `boxes.b`."))
    }

    @Test("The closure of some holds all that they need, and nothing that needs them")
    func closure() throws {
        let graph = try Self.graph("a", "b: a", "c: b", "d", "e: c")
        let closure = graph.closure(of: [Self.address("c"), Self.address("d")])
        #expect(closure.map(\.name).sorted() == ["a", "b", "c", "d"])
        #expect(graph.closure(of: [Self.address("nothing")]) == [])
    }

    @Test("Dependents are found through others, however long the way")
    func dependents() throws {
        let graph = try Self.graph("a", "b: a", "c: b", "d")
        #expect(graph.dependents(of: Self.address("a")) == [Self.address("b"), Self.address("c")])
        #expect(graph.dependents(of: Self.address("c")) == [])
    }

    @Test("A chain of a hundred thousand is ordered at once")
    func long() throws {
        let names = (0..<100_000).map { Self.address("n\($0)") }
        let uses = names.dropFirst().map { [Use("boxes", Located($0.name, at: place(1)))] } + [[]]
        let graph = try Graph(names, uses: uses)
        #expect(graph.ordered == names.reversed())
        #expect(graph.dependents(of: Self.address("n99999")).count == 99_999)
    }

    @Test("Where all need each other, not every cycle is told")
    func tangle() throws {
        let names = (0..<300).map { Self.address("n\($0)") }
        let all = names.map { Use("boxes", Located($0.name, at: place(1))) }
        let thrown = #expect(throws: Diagnostics.self) { try Graph(names, uses: names.map { _ in all }) }
        #expect(try #require(thrown).all.count == 100)
    }
}
