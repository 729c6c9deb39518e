package import Language

/// One declared thing, decoded.
package struct Declaration: Sendable {
    package let address: Address
    package let spec: any DeclaredSpec
    /// Where its name stands; nil when it is declared by implication.
    package let range: SourceRange?
    /// Mentions of other declared things in it, references to outputs included.
    package let uses: [Use]

    /// The address it had before, when it says so.
    package var oldAddress: Address? {
        spec.common.moved.map { Address(address.kind, $0.value) }
    }

    package init(_ address: Address, _ spec: any DeclaredSpec, range: SourceRange?, node: Node? = nil) {
        self.address = address
        self.spec = spec
        self.range = range
        uses = spec.uses + spec.common.dependsOn.compactMap(Use.init(dependsOn:)) + (node?.outputUses ?? [])
    }
}

/// A whole spec, decoded and linked: nothing in it dangles or goes in circles.
package struct Workflow: Sendable {
    package let stack: StackName
    /// In the order of the spec, kinds in the order of the catalog, implied ones last of their kind.
    package let declarations: [Declaration]
    /// Of the reconciled declarations.
    package let graph: Graph
    /// The top-level maps that hold no declared things, by key.
    package let settings: [String: Node]

    package subscript(address: Address) -> Declaration? {
        places[address].map { declarations[$0] }
    }

    private let places: [Address: Int]

    /// The same stack with nothing declared: what it becomes when it is destroyed.
    package var withoutDeclarations: Workflow {
        Workflow(stack: stack, declarations: [], graph: .empty, settings: settings, places: [:])
    }

    /// All declarations of one type, in order.
    package func specs<Spec: DeclaredSpec>(of type: Spec.Type = Spec.self) -> [(declaration: Declaration, spec: Spec)] {
        declarations.compactMap { declaration in
            (declaration.spec as? Spec).map { (declaration, $0) }
        }
    }

    /// Decodes a joined spec, links it and looks for the files that it names; every mistake goes to `problems`.
    /// - Parameter folder: Where the files are; nil looks for none.
    /// - Returns: nil when there was a mistake.
    package static func declare(
        _ root: Node, catalog: Catalog, in folder: SpecFolder? = nil, _ problems: inout Problems
    ) -> Workflow? {
        // What is no map has no entries, and lacks what a spec must have.
        let entries = root.entries ?? []
        let before = problems.diagnostics.count
        let stack = Top.read(entries, root, catalog, &problems)
        var declarations = decode(entries, catalog, &problems)
        if let folder {
            for declaration in declarations { problems.report(declaration.spec.problems(in: folder)) }
        }
        declarations = adding(impliedBy: declarations, stack: stack, catalog: catalog)
        let graph = link(declarations, stack, catalog, &problems)
        let isGood = !problems.diagnostics[before...].contains { $0.severity == .error }
        guard let graph, isGood else { return nil }
        let settingNames = Set(catalog.settings.map(\.name))
        return Workflow(
            stack: stack, declarations: declarations, graph: graph,
            settings: Dictionary(
                entries.filter { settingNames.contains($0.key) }.map { ($0.key, $0.value) }
            ) { first, _ in first },
            places: Dictionary(zip(declarations.map(\.address), declarations.indices)) { first, _ in first })
    }

    private static func decode(
        _ entries: [Node.Entry], _ catalog: Catalog, _ problems: inout Problems
    ) -> [Declaration] {
        var declarations: [Declaration] = []
        for section in catalog.sections {
            guard let entry = entries.first(where: { $0.key == section.key }), entry.value.content != .null else {
                continue
            }
            declarations += section.spec.declarations(in: entry.value, of: section.key, &problems)
        }
        return declarations
    }

    private static func adding(
        impliedBy declarations: [Declaration], stack: StackName, catalog: Catalog
    ) -> [Declaration] {
        var known = Set(declarations.map(\.address))
        var implied: [Declaration] = []
        for declaration in declarations {
            let more = declaration.spec.implied(at: declaration.address, in: stack)
            for (address, spec) in more.sorted(by: { $0.key < $1.key }) where known.insert(address).inserted {
                implied.append(Declaration(address, spec, range: nil))
            }
        }
        guard !implied.isEmpty else { return declarations }
        return catalog.sections.flatMap { section in
            declarations.filter { $0.address.kind == section.key } + implied.filter { $0.address.kind == section.key }
        }
    }

    private static func link(
        _ declarations: [Declaration], _ stack: StackName, _ catalog: Catalog, _ problems: inout Problems
    ) -> Graph? {
        let index = NameIndex(declarations, catalog)
        for declaration in declarations { index.check(declaration, &problems) }
        let reconciled = declarations.filter { catalog.section($0.address.kind)?.isReconciled == true }
        do {
            return try Graph(
                reconciled.map(\.address),
                uses: reconciled.map { $0.uses + $0.spec.impliedUses(at: $0.address, in: stack) })
        } catch {
            problems.report(error.all)
            return nil
        }
    }
}

extension DeclaredSpec {
    fileprivate static func declarations(
        in node: Node, of kind: String, _ problems: inout Problems
    ) -> [Declaration] {
        guard let entries = Reading<[Entry<Node>]>.map(.node, names: true).read(node, reporting: &problems) else {
            return []
        }
        return entries.compactMap { entry in
            Fields.decode(Self.self, from: entry.value, &problems).map { spec in
                Declaration(Address(kind, entry.key), spec, range: entry.keyRange, node: entry.value)
            }
        }
    }
}

extension Use {
    fileprivate init?(dependsOn text: Located<String>) {
        guard let address = Address(text: text.value) else { return nil }
        self.init(address.kind, Located(address.name, at: text.range))
    }
}

extension Node {
    /// References to outputs of declared things, anywhere in the node: `${vectorStores.handbook.id}`.
    fileprivate var outputUses: [Use] {
        switch content {
        case .pending(let template):
            template.references.filter { $0.path.count == 3 }.map { reference in
                Use(reference.path[0], Located(reference.path[1], at: range))
            }
        case .sequence(let nodes): nodes.flatMap(\.outputUses)
        case .mapping(let entries): entries.flatMap(\.value.outputUses)
        case .null, .bool, .integer, .number, .string: []
        }
    }
}
