package import Language

/// One decoded declaration. Copies share their content: a large spec is gone through many times.
package struct Declaration: Sendable {
    private let content: Content

    package var address: Address { content.address }
    package var spec: any DeclaredSpec { content.spec }
    /// The fields that every declaration has.
    package var common: Common { content.common }
    /// The place of its name; nil when it is implied.
    package var range: SourceRange? { content.range }
    /// Its references to other declarations, including references to outputs.
    package var uses: [Use] { content.uses }

    /// Whether it is implied.
    package var isImplied: Bool { content.range == nil }

    /// Its former address, if it has one.
    package var oldAddress: Address? {
        content.common.moved.map { Address(content.address.kind, $0.value) }
    }

    /// - Parameters:
    ///   - node: The node in the spec; nil when it is implied.
    ///   - problems: The problems found while decoding the node.
    init(
        _ address: Address, _ spec: any DeclaredSpec, range: SourceRange?, node: Node? = nil,
        _ problems: Problems = Problems()
    ) {
        let common = spec.common
        var uses = spec.uses + common.dependsOn.compactMap(Use.init(dependsOn:))
        node?.addOutputUses(to: &uses, except: problems.hasRefused)
        content = Content(address, spec, common, range, uses)
    }

    private final class Content: Sendable {
        let address: Address
        let spec: any DeclaredSpec
        let common: Common
        let range: SourceRange?
        let uses: [Use]

        init(
            _ address: Address, _ spec: any DeclaredSpec, _ common: Common, _ range: SourceRange?, _ uses: [Use]
        ) {
            self.address = address
            self.spec = spec
            self.common = common
            self.range = range
            self.uses = uses
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
    /// Adds the references to outputs of declarations, anywhere in the node: `${vectorStores.handbook.id}`.
    fileprivate func addOutputUses(to uses: inout [Use], except isRefused: (SourceRange) -> Bool) {
        switch content {
        case .pending(let template):
            guard !isRefused(range) else { return }
            for reference in template.references where reference.path.count == 3 {
                uses.append(Use(reference.path[0], Located(reference.path[1], at: range)))
            }
        case .sequence(let nodes):
            for node in nodes { node.addOutputUses(to: &uses, except: isRefused) }
        case .mapping(let entries):
            for entry in entries { entry.value.addOutputUses(to: &uses, except: isRefused) }
        case .null, .bool, .integer, .bigInteger, .number, .string:
            break
        }
    }
}
