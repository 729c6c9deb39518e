package import Engine
package import Language

/// An MLflow experiment.
///
///     experiments:
///       helpdesk: {description: Answers to customers, tags: {team: support}}
package struct ExperimentSpec: DeclaredSpec {
    package static let noun = "an experiment"
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .tags(of: MLflowRules.experiment), example: "{team: support}", "Tags of the experiment.")
    private static let locationKey = Key<String>(
        "artifactLocation", .someText, "Where its artifacts are kept; a change replaces the experiment.")
    private static let ignoreKey = Common.ignoreKey(.field("description"), .map("tags"))
    package static let fields = Common.fields + [ignoreKey.field, tagsKey.field, locationKey.field]

    package let common: Common
    let tags: [String: String]
    let artifactLocation: String?

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
        artifactLocation = fields.read(Self.locationKey)
        fields.checkName(common, of: "an experiment", MLflowRules.problem(withExperimentName:))
        fields.checkDescription(common, of: MLflowRules.experiment)
        if let artifactLocation, let problem = MLflowRules.problem(withLocation: artifactLocation) {
            fields.problems.report(
                .badLocation(artifactLocation, problem, at: fields.range(of: Self.locationKey.field.name)))
        }
    }

    /// An experiment that is declared implicitly.
    init(name: String, isDoubtful: Bool) {
        common = Common(name: name, isNameDoubtful: isDoubtful)
        tags = [:]
        artifactLocation = nil
    }
}

extension Diagnostic {
    fileprivate static func badLocation(_ location: String, _ problem: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "bad-location", "Unusable place of artifacts",
            detail: "`\(shortened(location))` cannot hold artifacts: \(problem).",
            fix: "Write a folder, such as `s3://bucket/helpdesk`.", at: range)
    }
}

extension [Entry<String>] {
    var dictionary: [String: String] {
        Dictionary(map { ($0.key, $0.value) }) { first, _ in first }
    }
}
