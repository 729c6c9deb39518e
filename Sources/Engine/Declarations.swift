/// The declarations of a spec: in its order, kinds in the order of the catalog, implied ones last of their kind.
package struct Declarations: Sendable, RandomAccessCollection {
    private var all: [Declaration] = []
    /// Where those of each kind are.
    private var kinds: [String: Range<Int>] = [:]
    private var places: [Address: Int] = [:]

    package var startIndex: Int { all.startIndex }
    package var endIndex: Int { all.endIndex }

    package subscript(place: Int) -> Declaration { all[place] }

    package subscript(address: Address) -> Declaration? { places[address].map { all[$0] } }

    /// Those of one kind; none of an unknown one.
    package subscript(kind kind: String) -> ArraySlice<Declaration> { all[kinds[kind] ?? 0..<0] }

    /// All of one type, in order.
    package func specs<Spec: DeclaredSpec>(of type: Spec.Type) -> [(declaration: Declaration, spec: Spec)] {
        let sections = kinds.values.filter { all[$0.lowerBound].spec is Spec }.sorted { $0.lowerBound < $1.lowerBound }
        return sections.flatMap { section in
            all[section].compactMap { declaration in (declaration.spec as? Spec).map { (declaration, $0) } }
        }
    }

    /// Those that the spec itself has.
    var withoutImplied: Declarations {
        Declarations(all.filter { !$0.isImplied })
    }

    init(_ all: [Declaration] = []) {
        self.all = all
        places.reserveCapacity(all.count)
        var start = 0
        for (place, declaration) in all.enumerated() {
            let address = declaration.address
            if places[address] == nil { places[address] = place }
            if address.kind != all[start].address.kind { start = place }
            if place + 1 == all.count || all[place + 1].address.kind != address.kind {
                kinds[address.kind] = start..<place + 1
            }
        }
    }

    func contains(_ address: Address) -> Bool { places[address] != nil }
}
