/// Turns a resolved spec into an equivalent one that stands alone: no variables, no environment, no other files.
///
/// Fields are in the order of their declaration, names in that of the source; a `null` stays only where it is data.
/// Rendering is idempotent.
package struct Rendering {
    private let fields: [Field]
    private let root: String
    private let directory: (SourceRange) -> String

    /// - Parameters:
    ///   - fields: Those at the top of a spec.
    ///   - root: The directory that paths become relative to.
    ///   - directory: The directory of the file that a value was written in.
    package init(_ fields: [Field], root: String, directory: @escaping (SourceRange) -> String) {
        self.fields = fields
        self.root = root
        self.directory = directory
    }

    /// The spec without `variables`, which have their values everywhere already.
    package func render(_ spec: Node) -> Node {
        let entries = (spec.entries ?? []).filter { $0.key != VariablesField.field.name }
        return Node(.mapping(render(entries, as: fields)), at: spec.range)
    }

    private func render(_ entries: [Node.Entry], as fields: [Field]) -> [Node.Entry] {
        let byKey = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
        let known = fields.compactMap { field -> Node.Entry? in
            guard var entry = byKey[field.name], !entry.value.isNull || field.shape.isAnyData else { return nil }
            entry.value = render(entry.value, as: field.shape)
            return entry
        }
        return known + entries.filter { FreeKey.isFree($0.key) }
    }

    private func render(_ node: Node, as shape: Shape) -> Node {
        switch (shape, node.content) {
        case (.alternatives(let shapes), _):
            return render(node, as: shapes.first { $0.suits(node) } ?? .data())
        case (.object(let type), .mapping(let entries)):
            return Node(.mapping(render(entries, as: type.fields)), at: node.range)
        case (.secret, .mapping(let entries)):
            return Node(.mapping(render(entries, as: SecretFields.fields)), at: node.range)
        case (.map(let element, _), .mapping(let entries)):
            return Node(.mapping(render(entries, each: element)), at: node.range)
        case (.list(let element, _), .sequence(let nodes)):
            return Node(.sequence(nodes.map { render($0, as: element) }), at: node.range)
        case (.command, .sequence(let nodes)):
            return Node(
                .sequence(nodes.prefix(1).map(program) + nodes.dropFirst().map { render($0, as: .text()) }),
                at: node.range)
        case (_, .mapping(let entries)):
            return Node(.mapping(render(entries, each: .data())), at: node.range)
        case (_, .sequence(let nodes)):
            return Node(.sequence(nodes.map { render($0, as: .data()) }), at: node.range)
        case _:
            return Node(scalar(node, as: shape), at: node.range)
        }
    }

    private func render(_ entries: [Node.Entry], each shape: Shape) -> [Node.Entry] {
        entries.map { entry in
            var entry = entry
            entry.value = render(entry.value, as: shape)
            return entry
        }
    }

    /// Text of the environment as the type that its field reads it as; references that are left as they were written.
    private func scalar(_ node: Node, as shape: Shape) -> Node.Content {
        switch (shape, node.content) {
        case (.path, .string(let path)): return .string(Self.literal(relative(path, at: node.range)))
        case (.integer, .string): if let integer = node.integer { return .integer(integer) }
        case (.number, .string): if let number = node.double { return .number(number) }
        case (.boolean, .string(let text)):
            if node.isFromEnvironment, let value = ["true": true, "false": false][text] { return .bool(value) }
        case _: break
        }
        switch node.content {
        case .string(let text): return .string(Self.literal(text))
        case .pending(let template): return .string(Self.text(of: template))
        case .null, .bool, .integer, .bigInteger, .number, .sequence, .mapping: return node.content
        }
    }

    /// A program by its path from the root, with a `/` in it: a bare name is one that `PATH` finds.
    private func program(_ node: Node) -> Node {
        guard case .string(let path) = node.content, path.contains("/") else { return render(node, as: .text()) }
        let relative = relative(path, at: node.range)
        return Node(.string(Self.literal(relative.contains("/") ? relative : "./\(relative)")), at: node.range)
    }

    private func relative(_ path: String, at range: SourceRange) -> String {
        let directory = directory(range)
        guard directory != root, !path.hasPrefix("/") else { return path }
        return Paths.relative(Paths.resolve(path, in: directory), to: root)
    }

    private static func text(of template: Template) -> String {
        template.parts.map { part in
            switch part {
            case .literal(let text): literal(text)
            case .reference(let reference): "${\(reference.text)}"
            }
        }.joined()
    }

    /// A text in which `${` stands for itself.
    private static func literal(_ text: String) -> String {
        text.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "$${")
    }
}

extension Node {
    /// Every value that is no map and no list of values, by its path: `agents.support.tools[0]`.
    package func leaves(_ path: String = "") -> [(path: String, range: SourceRange)] {
        switch content {
        case .mapping(let entries) where !entries.isEmpty:
            entries.flatMap { $0.value.leaves(path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case .sequence(let nodes) where !nodes.isEmpty:
            nodes.enumerated().flatMap { $0.element.leaves("\(path)[\($0.offset)]") }
        case .null, .bool, .integer, .bigInteger, .number, .string, .sequence, .mapping, .pending: [(path, range)]
        }
    }
}
