package import Engine
package import Language
import Runtime

/// The declaration of a suite.
///
///     suites:
///       golden:
///         agent: support
///         cases:
///           - {name: refund window, input: What is the refund window?, expect: [{contains: 30 days}]}
package struct SuiteSpec: DeclaredSpec {
    package static let noun = "a suite"
    /// The section of suites, which are declared and run, not reconciled.
    package static let section = Section(
        "suites", SuiteSpec.self, role: .checked, "Cases that an agent is tried with.")

    private static let agentKey = Key<Located<String>>(
        "agent", .name(of: "agents"), required: true, example: "support", "The declared agent that answers.")
    private static let experimentKey = Key<Located<String>>(
        "experiment", .name(of: "experiments"), "The declared experiment that results are logged in.")
    private static let labelsKey = Key<[Entry<String>]>("labels", .map(.text), "Labels of all its cases.")
    private static let defaultsKey = Key<CaseDefaults>(
        "defaults", .object(), "What holds for cases that say nothing else.")
    private static let thresholdsKey = Key<ThresholdsSpec>(
        "thresholds", .object(), "What the suite as a whole must reach.")
    private static let casesKey = Key<[CaseSpec]>(
        "cases", .list(.object(), minimum: 1), required: true, example: "[{name: greeting, input: Hello!}]",
        "The cases, in the order in which they are reported.")
    package static let fields =
        Common.fields + [
            agentKey.field, experimentKey.field, labelsKey.field, defaultsKey.field, thresholdsKey.field,
            casesKey.field,
        ]

    package let common: Common
    package let agent: Located<String>
    package let experiment: Located<String>?
    private let labels: [Entry<String>]
    private let defaults: CaseDefaults
    private let thresholds: Thresholds
    private let cases: [CaseSpec]
    /// Whether it has no mistakes.
    private let isSound: Bool

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        let missing = Located("", at: fields.node.range)
        agent = fields.require(Self.agentKey, else: missing)
        experiment = fields.read(Self.experimentKey)
        labels = fields.read(Self.labelsKey) ?? []
        defaults = fields.read(Self.defaultsKey) ?? CaseDefaults()
        thresholds = fields.read(Self.thresholdsKey)?.thresholds ?? Thresholds()
        cases = fields.read(Self.casesKey) ?? []
        isSound = fields.reported.isEmpty
        fields.problems.report(duplicates)
    }

    /// The agent that its cases are tried with.
    package var subject: Use {
        Use("agents", agent)
    }

    /// The declared judges that its cases ask, by name.
    package var judges: [String] {
        Set(cases.flatMap(\.judges).map(\.value)).sorted()
    }

    /// The marks that its cases ask for, with the places where the judges are named.
    var marks: [(judge: Located<String>, atLeast: Int)] { cases.flatMap(\.marks) }

    /// What its cases ask embedding models, each once.
    package var similarities: Set<SimilarityQuestion> {
        Set(cases.flatMap(\.inquiries).compactMap(\.similarity))
    }

    /// The run that it must be no worse than, as its thresholds name it; nil when there is none.
    package var baseline: String? { thresholds.noWorseThan?.value.baseline }

    package var uses: [Use] {
        [subject] + (experiment.map { [Use("experiments", $0)] } ?? [])
            + cases.flatMap(\.judges).map { Use("judges", $0) }
    }

    /// The suite, ready to run, with its tables read.
    /// - Throws: The mistakes in the tables, or in the cases of their rows.
    package func suite(
        named name: String, at range: SourceRange, in folder: SpecFolder, judges: [String: Judge] = [:]
    ) throws(Diagnostics) -> TestSuite {
        var problems = Problems()
        let shared = labels.map { ($0.key, $0.value) }
        let parts = cases.compactMap { spec in
            spec.cases(of: name, defaults: defaults, labels: shared, in: folder, &problems)
        }
        if cases.contains(where: \.isNamedLater) { problems.report(duplicates(among: TestCases(parts))) }
        guard problems.diagnostics.isEmpty else { throw Diagnostics(problems.diagnostics) }
        let asked = Set(cases.flatMap(\.judges).map(\.value))
        var suite = TestSuite(
            name: name, agent: agent.value, experiment: experiment?.value, range: range, thresholds: thresholds,
            cases: TestCases(parts), judges: judges.filter { asked.contains($0.key) })
        suite.programs = cases.flatMap(\.programs)
        suite.asksModels = cases.flatMap(\.inquiries).contains(where: \.asksModel)
        return suite
    }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        // A mistake in a case would be repeated for every row of its table.
        guard isSound else { return [] }
        do throws(Diagnostics) {
            let suite = try suite(named: "suite", at: agent.range, in: folder)
            return suite.programs.problems(in: folder)
                + SuitePower(
                    suite, repeats: cases.lazy.compactMap(\.repeatRange).first ?? agent.range,
                    at: Dictionary(
                        cases.compactMap { spec in spec.repeatRange.map { (spec.name.range, $0) } }
                    ) { first, _ in first }
                ).diagnostics
        } catch {
            return error.all
        }
    }

    /// Cases of one name; one that a row names has another in each row.
    private var duplicates: [Diagnostic] {
        var first: [String: Located<String>] = [:]
        return cases.filter { !$0.isNamedLater }.compactMap { spec in
            let slug = CaseID.slug(of: spec.name.value)
            defer { first[slug] = first[slug] ?? spec.name }
            return first[slug].map { .duplicateCase(spec.name, slug, first: $0) }
        }
    }

    /// The first ten cases whose ids another one has, once rows have named them.
    private func duplicates(among cases: TestCases) -> [Diagnostic] {
        var first: [CaseID: Located<String>] = [:]
        var told: [Diagnostic] = []
        for testCase in cases where told.count < 10 {
            let name = Located(testCase.name, at: testCase.range)
            guard let other = first.updateValue(name, forKey: testCase.id) else { continue }
            told.append(.duplicateCase(name, testCase.id.slug, first: other))
        }
        return told
    }
}

extension [ProgramQuestion] {
    /// Programs with a path that cannot be run here: warnings, since the suite may be run elsewhere.
    fileprivate func problems(in folder: SpecFolder) -> [Diagnostic] {
        compactMap { question in
            var problem = DeclaredProgram(question.program, for: .judgement).problem(in: folder, searchPath: nil)
            problem?.severity = .warning
            return problem
        }
    }
}

extension Workflow {
    /// All declared suites in order, ready to run.
    /// - Throws: The mistakes in their tables.
    package func suites(in folder: SpecFolder) throws(Diagnostics) -> [TestSuite] {
        var suites: [TestSuite] = []
        var problems = Problems()
        let judges = try judges(in: folder)
        for (declaration, spec) in specs(of: SuiteSpec.self) {
            do throws(Diagnostics) {
                let range = declaration.range ?? spec.agent.range
                suites.append(try spec.suite(named: declaration.address.name, at: range, in: folder, judges: judges))
            } catch {
                problems.report(error.all)
            }
        }
        guard problems.diagnostics.isEmpty else { throw Diagnostics(problems.diagnostics) }
        return suites
    }
}

extension Diagnostic {
    fileprivate static func duplicateCase(
        _ name: Located<String>, _ slug: String, first: Located<String>
    ) -> Diagnostic {
        Diagnostic(
            "duplicate-case", "Case declared twice",
            detail: first.value == name.value
                ? "Another case of this suite is called `\(name.value)` too."
                : "`\(name.value)` and `\(first.value)` both get the id `\(slug)`.",
            fix: "Rename one of them.", at: name.range, notes: [Note("The first is here.", at: first.range)])
    }
}
