import Engine
import FoundationEssentials
import Glibc
import Kinds
import Language
import Suites
import Wire

/// All that a spec may hold, as `drover` knows it.
private let catalog = Catalog(
    sections: Kinds.standard.sections + [JudgeSpec.section, SuiteSpec.section],
    settings: [ServersSpec.key.field, VariablesField.field], conflicts: Kinds.standard.conflicts)

/// Where `scripts/fuzz` puts the files that the seeds name.
private let directory = FileManager.default.currentDirectoryPath

/// Reads one input as a spec, as `drover validate` does: variables and references, every kind, links and files; then
/// shows what is wrong with it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let begun = clock()
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let loader = SpecLoader(environment: ["A": "1"], workingDirectory: directory) { _ in bytes }
    let loaded = loader.load(paths: ["-"], variables: VariableInputs(assignments: ["a=1"]))
    precondition(loaded.isComplete || !loaded.diagnostics.isEmpty, "What is not read to its end says why.")
    var problems = Problems()
    problems.report(loaded.diagnostics)
    if let root = loaded.root { declare(root, loaded, &problems) }
    show(problems.diagnostics, loaded.sources)
    // Of work, not of waiting: other programs may run on the machine.
    precondition(clock() - begun < CLOCKS_PER_SEC, "Nothing takes a second.")
    return 0
}

private func declare(_ root: Node, _ loaded: LoadedSpec, _ problems: inout Problems) {
    let folder = SpecFolder(root: loaded.rootDirectory, directory: loaded.directory(of:))
    let before = problems.diagnostics.count
    let workflow = Workflow.declare(root, catalog: catalog, in: folder, &problems)
    if let servers = root["servers"], servers.content != .null {
        _ = ServersSpec.key.read(servers, reporting: &problems)
    }
    guard let workflow else {
        precondition(problems.diagnostics.count > before, "What is not declared says why.")
        return
    }
    problems.report(workflow.awaited(tryingSuites: true))
    do throws(Diagnostics) {
        _ = try workflow.suites(in: folder)
    } catch {
        problems.report(error.all)
    }
}

private func show(_ diagnostics: [Diagnostic], _ sources: SourceMap) {
    for diagnostic in diagnostics {
        precondition(!diagnostic.detail.isEmpty, "Each mistake is explained.")
        guard let range = diagnostic.subject else { continue }
        precondition(
            range.start <= range.end && range.start.line >= 1 && range.start.column >= 1, "A place is a place.")
    }
    let first = Array(diagnostics.prefix(3))
    let told = DiagnosticRenderer(sources: sources, colors: true).render(first)
    precondition(first.isEmpty == told.isEmpty, "Each mistake is shown.")
}
