package import Language

/// A whole spec, decoded and linked, without dangling references or cycles.
package struct Workflow: Sendable {
    package let stack: StackName
    package let declarations: Declarations
    /// Of the reconciled declarations, and of the checks that they wait for.
    package let graph: Graph
    /// The top-level maps without declarations, by key.
    package let settings: [String: Node]

    package subscript(address: Address) -> Declaration? {
        declarations[address]
    }

    /// Those of the graph that are run: the suites that gate a release.
    let checks: Set<Address>

    /// What the spec declares of a stack that is destroyed; empty otherwise.
    var formerGraph = Graph.empty
    /// Likewise, the former addresses of that.
    private var formerMoves: [Address: Address] = [:]

    /// The former addresses of what is declared, or was of a stack that is destroyed, by those that it has now.
    var moves: [Address: Address] {
        declarations.reduce(into: formerMoves) { $0[$1.address] = $1.oldAddress }
    }

    /// The same stack without declarations: the desired state of `drover destroy`.
    package var withoutDeclarations: Workflow {
        var workflow = Workflow(
            stack: stack, declarations: Declarations(), graph: .empty, settings: settings, checks: [])
        workflow.formerGraph = graph
        workflow.formerMoves = moves
        return workflow
    }

    /// The place in the spec that a failed request is about: the external server of a related declaration, else the
    /// declaration at the diagnostic's address.
    package func place(of diagnostic: Diagnostic) -> SourceRange? {
        let related = diagnostic.related.lazy.compactMap(Address.init(text:)).compactMap { self[$0]?.spec.contact }
        return related.first ?? diagnostic.address.flatMap(Address.init(text:)).flatMap { self[$0]?.range }
    }

    /// All declarations of one type, in order.
    package func specs<Spec: DeclaredSpec>(of type: Spec.Type = Spec.self) -> [(declaration: Declaration, spec: Spec)] {
        declarations.specs(of: type)
    }

    /// Decodes a joined spec, links it and checks the files that it names; mistakes are added to `problems`.
    /// - Parameters:
    ///   - folder: The folder of the files; nil checks none.
    ///   - isComplete: Whether all of the spec was read; if not, what it lacks may only be unread, and is no mistake.
    /// - Returns: nil when there was a mistake.
    package static func declare(
        _ root: Node, catalog: Catalog, in folder: SpecFolder? = nil, isComplete: Bool = true,
        _ problems: inout Problems
    ) -> Workflow? {
        // A node that is not a map has no entries, and lacks the required fields.
        let entries = root.entries ?? []
        let before = problems.diagnostics.count
        let name = Top.read(entries, root, catalog, isComplete: isComplete, &problems)
        let stack = StackName(name ?? "unnamed")
        var sections = catalog.sections.map { decoded($0, in: entries, &problems) }
        if let folder {
            for section in sections {
                for declaration in section {
                    problems.report(declaration.spec.problems(in: folder).map { $0.locating(declaration) })
                }
            }
        }
        addImplied(to: &sections, stack, catalog)
        let declarations = Declarations(sections.reduce(into: []) { $0 += $1 })
        var mentions = Mentions(declarations, unread: entries, catalog)
        // Implied declarations depend on the stack's name.
        if name == nil { mentions.allow(Set(declarations.lazy.filter(\.isImplied).map(\.address.kind))) }
        if !isComplete { mentions.allow(Set(catalog.sections.map(\.key))) }
        for declaration in declarations { mentions.check(declaration, &problems) }
        problems.report(Moves.problems(of: declarations, catalog))
        if let folder {
            let isNamed = name.map(DeclaredName.isValid) ?? false
            problems.report(catalog.conflicts(isNamed ? declarations : declarations.withoutImplied, folder))
        }
        let graph = linked(sections, stack, catalog, &problems)
        let isGood = !problems.diagnostics[before...].contains { $0.severity == .error }
        guard let graph, isGood else { return nil }
        let settingNames = Set(catalog.settings.map(\.name))
        return Workflow(
            stack: stack, declarations: declarations, graph: graph,
            settings: Dictionary(
                entries.filter { settingNames.contains($0.key) }.map { ($0.key, $0.value) }
            ) { first, _ in first },
            checks: checks(in: sections, catalog))
    }

    private static func decoded(
        _ section: Section, in entries: [Node.Entry], _ problems: inout Problems
    ) -> [Declaration] {
        guard let entry = entries.first(where: { $0.key == section.key }), entry.value.content != .null else {
            return []
        }
        return section.spec.declarations(in: entry.value, of: section.key, &problems)
    }

    /// Adds implied declarations, last of their kind; the sections are those of the catalog.
    private static func addImplied(to sections: inout [[Declaration]], _ stack: StackName, _ catalog: Catalog) {
        let places = Dictionary(zip(catalog.sections.map(\.key), sections.indices)) { first, _ in first }
        var names: [Int: Set<String>] = [:]
        for section in sections {
            for declaration in section {
                let implied = declaration.spec.implied(at: declaration.address, in: stack)
                for (address, spec) in implied.sorted(by: { $0.key < $1.key }) {
                    guard let place = places[address.kind] else { continue }
                    let isNew = names[place, default: Set(sections[place].map(\.address.name))].insert(address.name)
                    if isNew.inserted { sections[place].append(Declaration(address, spec, range: nil)) }
                }
            }
        }
    }

    /// The declarations that are run and that something reconciled waits for.
    private static func checks(in sections: [[Declaration]], _ catalog: Catalog) -> Set<Address> {
        let roles = zip(catalog.sections, sections)
        let run = Set(roles.filter { $0.0.role == .checked }.flatMap { $0.1.map(\.address) })
        guard !run.isEmpty else { return [] }
        let uses = roles.filter { $0.0.role == .reconciled }.flatMap { $0.1.flatMap(\.uses) }
        return Set(uses.map(\.address)).intersection(run)
    }

    private static func linked(
        _ sections: [[Declaration]], _ stack: StackName, _ catalog: Catalog, _ problems: inout Problems
    ) -> Graph? {
        var addresses: [Address] = []
        var uses: [[Use]] = []
        let checks = checks(in: sections, catalog)
        for (section, declarations) in zip(catalog.sections, sections) where section.role != .declared {
            for declaration in declarations
            where section.role == .reconciled || checks.contains(declaration.address) {
                addresses.append(declaration.address)
                uses.append(declaration.uses + declaration.spec.impliedUses(at: declaration.address, in: stack))
            }
        }
        do {
            return try Graph(addresses, uses: uses)
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
                Declaration(Address(kind, entry.key), spec, range: entry.keyRange, node: entry.value, problems)
            }
        }
    }
}
