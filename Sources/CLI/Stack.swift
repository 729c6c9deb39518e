import Engine
import FoundationEssentials
import Kinds
import Lab
import Language
import Suites
import Wire

/// A spec that was read and is valid; no server was contacted yet.
struct Stack {
    let workflow: Workflow
    /// The joined tree with variables and environment substituted.
    let root: Node
    var sources: SourceMap
    let folder: SpecFolder
    let servers: ServersSpec?
    /// What the record keeps.
    let record: RecordSpec?
    let warnings: [Diagnostic]
    let lab: LabFile?
    let environment: [String: String]

    static let catalog = Catalog(
        sections: Kinds.standard.sections + [JudgeSpec.section, SuiteSpec.section],
        settings: [RequiresSpec.key.field, ServersSpec.key.field, RecordSpec.key.field, VariablesField.field],
        conflicts: Kinds.standard.conflicts)

    /// Reads a spec.
    /// - Parameters:
    ///   - readsFiles: Whether the files that declarations name are read and checked.
    ///   - isGiven: Whether its paths are those that the user gave: commands in messages name them.
    /// - Throws: `CommandFailure` with every mistake in it.
    static func load(
        _ paths: [String], _ variation: VariationOptions, lab labName: String? = nil,
        readsFiles: Bool = true, isGiven: Bool = true,
        standardInput: @escaping SpecFiles.StandardInput = FileBytes.standardInput(atMost:)
    ) throws -> Stack {
        if isGiven { CopiedCommand.note(paths, variation) }
        let directory = FileManager.default.currentDirectoryPath
        let lab = try LabFile.read(from: directory, name: labName ?? LabPlace.defaultName)
        if lab == nil, let labName {
            throw CommandFailure(diagnostics: [.noLab(labName, in: directory)], sources: SourceMap())
        }
        let environment = (lab?.environment ?? [:]).merging(ProcessInfo.processInfo.environment) { _, real in real }
        let loader = SpecLoader(
            fields: catalog.fields, environment: environment, workingDirectory: directory,
            standardInput: standardInput)
        let spec = loader.load(
            paths: paths.isEmpty ? ["."] : paths, overlays: variation.overlays,
            variables: VariableInputs(assignments: variation.variables, files: variation.variableFiles))
        var problems = Problems(removals: spec.removals)
        problems.report(spec.diagnostics)
        let requirements = RequiresSpec.key.read(from: spec.root, &problems)
        if let unmet = requirements?.problem(of: Version.text) {
            throw CommandFailure(diagnostics: [unmet], sources: spec.sources)
        }
        let folder = SpecFolder(
            root: spec.rootDirectory, allowsOutside: variation.allowOutside, cache: digestCache(environment),
            directory: spec.directory(of:))
        let workflow = spec.root.flatMap {
            Workflow.declare(
                $0, catalog: catalog, in: readsFiles ? folder : nil, isComplete: spec.isComplete, &problems)
        }
        workflow.map { problems.report($0.withoutEmbeddingModel + $0.impossibleMarks + $0.takenJudgeNames) }
        let servers = ServersSpec.key.read(from: spec.root, &problems)
        let record = RecordSpec.key.read(from: spec.root, &problems)
        let errors = problems.diagnostics.filter { $0.severity == .error }
        guard errors.isEmpty, let workflow, let root = spec.root else {
            // What is wrong with a plan as a spec helps nobody.
            if let plan = paths.first(where: SavedPlan.isOne) {
                throw Diagnostic.planAsSpec(plan, isAlone: paths.count == 1)
            }
            if let other = spec.root?.planAsSpec ?? spec.root?.manifestAsSpec {
                throw CommandFailure(diagnostics: [other], sources: spec.sources)
            }
            throw CommandFailure(diagnostics: problems.diagnostics, sources: spec.sources)
        }
        return Stack(
            workflow: workflow, root: root, sources: spec.sources, folder: folder, servers: servers,
            record: record, warnings: problems.diagnostics, lab: lab, environment: environment)
    }

    /// `~/.cache/drover/digests`, or where `XDG_CACHE_HOME` says; nil when there is no home.
    private static func digestCache(_ environment: [String: String]) -> String? {
        let root = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (root ?? environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.cache" : nil }).map {
            "\($0)/drover/digests"
        }
    }

    /// Its suites, with their tables read.
    /// - Throws: `CommandFailure` when a table has changed since the spec was read.
    func suites() throws -> [TestSuite] {
        try telling { try workflow.suites(in: folder) }
    }

    /// The paths of the files that it was read from, and of those that it names, as far as they were read.
    var filesRead: [String] {
        sources.sources.map(\.path)
            + folder.namedFiles(keepingDocuments: false).files.map { Paths.resolve($0.path, in: folder.rootDirectory) }
    }

    /// A stack without declarations, for commands that need only servers: their addresses come from options and the
    /// environment.
    static func bare(_ variation: VariationOptions, lab labName: String?) throws -> Stack {
        try load(["-"], variation, lab: labName, isGiven: false) { _ throws(FileBytes.Failure) in
            Array("drover: v1\nstack: none\n".utf8)
        }
    }

    /// Runs a synchronous body; its errors are shown with this stack's sources.
    func telling<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let several as Diagnostics {
            throw CommandFailure(diagnostics: several.all, sources: sources)
        } catch let diagnostic as Diagnostic {
            throw CommandFailure(diagnostics: [diagnostic], sources: sources)
        }
    }

    /// Runs a body; its errors are shown with this stack's sources.
    func telling<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let several as Diagnostics {
            throw CommandFailure(diagnostics: several.all, sources: sources)
        } catch let failure as CommandFailure {
            throw failure
        } catch let error where error is Diagnostic || error is any Diagnosable {
            throw CommandFailure(diagnostics: [Diagnostic.from(error, at: nil)], sources: sources)
        }
    }
}

extension Key {
    /// The setting of a spec; nil where it has none, or a mistake in it, which is reported.
    fileprivate func read(from root: Node?, _ problems: inout Problems) -> Value? {
        guard let node = root?[field.name], node.content != .null else { return nil }
        return read(node, reporting: &problems)
    }
}

extension Diagnostic {
    fileprivate static func noLab(_ name: String, in directory: String) -> Diagnostic {
        let others = LabPlace.names(in: directory)
        return Diagnostic(
            "no-lab", "No such lab", detail: "No lab `\(name)` was started from this directory.",
            fix: "Start it with `drover lab up --name \(name)`, or "
                + (others.isEmpty ? "leave `--lab` out." : "name one that runs here: \(others.listed)."), cause: .usage)
    }
}
