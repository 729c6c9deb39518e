package import Language

/// The decoded spec of one declaration.
package protocol DeclaredSpec: SpecDecodable {
    /// The fields that every declaration has.
    var common: Common { get }
    /// The other declarations that it refers to.
    var uses: [Use] { get }
    /// The place that names a server other than Llama Stack and MLflow, such as an MCP server; nil when there is none.
    var contact: SourceRange? { get }
    /// The server's own id of what it declares, where the spec says it; nil elsewhere.
    var serverID: String? { get }
    /// Implied declarations, such as the experiment that an agent is logged in by default.
    func implied(at address: Address, in stack: StackName) -> [Address: any DeclaredSpec]
    /// Implied references, such as the one to that experiment.
    func impliedUses(at address: Address, in stack: StackName) -> [Use]
    /// Problems with the files that it names; only the disk is read.
    func problems(in folder: SpecFolder) -> [Diagnostic]
}

extension DeclaredSpec {
    package var uses: [Use] { [] }

    package var contact: SourceRange? { nil }

    package var serverID: String? { nil }

    package func implied(at address: Address, in stack: StackName) -> [Address: any DeclaredSpec] { [:] }

    package func impliedUses(at address: Address, in stack: StackName) -> [Use] { [] }

    package func problems(in folder: SpecFolder) -> [Diagnostic] { [] }
}

/// One reference to another declaration.
package struct Use: Sendable, Hashable {
    package let address: Address
    /// The place of the reference; nil when it is implied.
    package let range: SourceRange?
    /// Whether a server's own id is allowed there: then a name that is not declared is no mistake.
    package let orID: Bool

    package init(_ kind: String, _ name: Located<String>, orID: Bool = false) {
        self.address = Address(kind, name.value)
        self.range = name.range
        self.orID = orID
    }

    package init(implied address: Address) {
        self.address = address
        self.range = nil
        self.orID = false
    }
}

/// What happens to a live object when its declaration leaves the spec.
package enum OnDelete: String, Sendable, Codable, CaseIterable {
    case delete, retain
}

/// The fields that every declaration has.
package struct Common: Sendable {
    package static let nameKey = Key<String>("name", .someText, "Its live name; by default the declared name.")
    package static let descriptionKey = Key<String>("description", .text, "What it is for, in a sentence.")
    package static let protectKey = Key<Bool>(
        "protect", .boolean, default: "false", "Refuses to delete or replace the live object.")
    package static let onDeleteKey = Key<OnDelete>(
        "onDelete", .choice(),
        "What happens when the declaration leaves the spec: `delete` the live object or `retain` it.")
    package static let movedKey = Key<Located<String>>(
        "moved", .located(.someText), "The declared name it had before: it is renamed without being replaced.")
    package static let dependsOnKey = Key<[Located<String>]>(
        "dependsOn", .list(.located(.someText).shaped(.text(pattern: #"^[^./]+[./][\s\S]+$"#))),
        example: "[vectorStores/handbook]",
        "Other declared things that must be there first, as `kind/name`.")

    package static let fields = [
        nameKey.field, descriptionKey.field, protectKey.field, onDeleteKey.field, movedKey.field, dependsOnKey.field,
    ]

    package var name: String?
    /// Whether the live name is uncertain, because of a mistake in the field.
    package var isNameDoubtful: Bool
    package var description: String?
    package var protect: Bool
    package var onDelete: OnDelete?
    package var moved: Located<String>?
    package var dependsOn: [Located<String>]
    /// What is left to others; nothing where the kind has no such fields.
    package var left = LeftFields.none

    package init(
        name: String? = nil, isNameDoubtful: Bool = false, description: String? = nil, protect: Bool = false,
        onDelete: OnDelete? = nil, left: LeftFields = .none
    ) {
        self.left = left
        self.name = name
        self.isNameDoubtful = isNameDoubtful
        self.description = description
        self.protect = protect
        self.onDelete = onDelete
        self.dependsOn = []
    }

    /// - Parameter ignoring: The field `ignoreChanges` of the kind, if it has one.
    package init(from fields: inout Fields, ignoring ignoreKey: Key<LeftFields>? = nil) {
        left = ignoreKey.flatMap { fields.read($0) } ?? .none
        name = fields.read(Self.nameKey)
        isNameDoubtful = fields.isDoubtful(Self.nameKey)
        description = fields.read(Self.descriptionKey)
        protect = fields.read(Self.protectKey) ?? false
        onDelete = fields.read(Self.onDeleteKey)
        moved = fields.read(Self.movedKey)
        dependsOn = fields.read(Self.dependsOnKey) ?? []
        for text in dependsOn where Address(text: text.value) == nil { fields.problems.report(.badDependency(text)) }
    }
}

extension Diagnostic {
    fileprivate static func badDependency(_ text: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-dependency", "Unreadable dependency", detail: "`\(text.value)` names no declared thing.",
            fix: "Write `kind/name`, such as `vectorStores/handbook`.", at: text.range)
    }
}
