package import Engine
package import Language

/// A registered model of MLflow: the name that versions and aliases belong to.
///
///     registeredModels:
///       helpdesk-support: {description: Support agent, tags: {team: support}}
package struct RegisteredModelSpec: DeclaredSpec {
    package static let noun = "a registered model"
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .tags(of: MLflowRules.registeredModel), example: "{team: support}", "Tags of the registered model.")
    private static let ignoreKey = Common.ignoreKey(.field("description"), .map("tags"))
    package static let fields = Common.fields + [ignoreKey.field, tagsKey.field]

    package let common: Common
    let tags: [String: String]

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
        fields.checkName(common, of: "a registered model", MLflowRules.problem(withModelName:))
        fields.checkDescription(common)
    }

    /// A registered model that is declared implicitly.
    init(name: String, isDoubtful: Bool) {
        common = Common(name: name, isNameDoubtful: isDoubtful)
        tags = [:]
    }
}
