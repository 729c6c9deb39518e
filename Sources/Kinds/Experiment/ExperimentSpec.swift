package import Engine
package import Language

/// An MLflow experiment.
///
///     experiments:
///       helpdesk: {description: Answers to customers, tags: {team: support}}
package struct ExperimentSpec: DeclaredSpec {
    package static let noun = "an experiment"
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .tags, example: "{team: support}", "Tags of the experiment.")
    private static let locationKey = Key<String>(
        "artifactLocation", .someText, "Where its artifacts are kept; a change replaces the experiment.")
    package static let fields = Common.fields + [tagsKey.field, locationKey.field]

    package let common: Common
    let tags: [String: String]
    let artifactLocation: String?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
        artifactLocation = fields.read(Self.locationKey)
    }

    /// One that is declared by implication.
    init(name: String, isDoubtful: Bool) {
        common = Common(name: name, isNameDoubtful: isDoubtful)
        tags = [:]
        artifactLocation = nil
    }
}

extension [Entry<String>] {
    var dictionary: [String: String] {
        Dictionary(map { ($0.key, $0.value) }) { first, _ in first }
    }
}
