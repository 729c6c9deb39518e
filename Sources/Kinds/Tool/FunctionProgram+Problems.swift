import Engine
import FoundationEssentials
package import Language
import Runtime

extension FunctionProgram {
    /// Why the program cannot be run on this machine, as far as this can be determined without running it; nil when it
    /// can.
    ///
    /// - Parameters:
    ///   - folder: determines the working directory: that of the file that names the program.
    ///   - searchPath: the folders that are searched for a bare name, as `PATH` lists them; nil to search none.
    func problem(in folder: SpecFolder, searchPath: String?) -> Diagnostic? {
        guard let name = command.value.first else { return nil }
        guard name.contains("/") else {
            guard let searchPath else { return nil }
            guard let path = ProgramFile.path(of: name, in: "/", searchPath: searchPath) else {
                return .noProgram(name, "No folder in `PATH` has a program `\(name)`.", command.range)
            }
            return ProgramFile(path, searchPath: searchPath).problem.map { .notStartable(name, $0, command.range) }
        }
        let path = folder.location(of: Located(name, at: command.range))
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory else {
            let reason = isDirectory ? "`\(name)` is a directory." : "There is no file `\(name)`."
            return .noProgram(name, reason, command.range)
        }
        guard FileManager.default.isExecutableFile(atPath: path) else { return .notExecutable(name, command.range) }
        return ProgramFile(path, searchPath: searchPath).problem.map { .notStartable(name, $0, command.range) }
    }
}

extension FunctionProgram {
    /// What an interpreter is given to run ends like this. Other arguments may name what must not be kept, such as a key.
    private static let endings = [".py", ".sh", ".js", ".mjs", ".ts", ".rb", ".pl", ".lua", ".php", ".r", ".jq"]

    /// The program itself, if it is a file beside the spec, and the scripts that an interpreter is given.
    var scripts: [Located<String>] {
        command.value.enumerated().filter { index, word in
            index == 0 ? word.contains("/") : Self.endings.contains { word.lowercased().hasSuffix($0) }
        }.map { Located($0.element, at: command.range) }
    }
}

extension ToolSpec {
    /// A program with a path that cannot be run here: a warning, since the applied agent may be run elsewhere.
    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        guard let program = function?.program else { return [] }
        for script in program.scripts { folder.noteScript(script) }
        guard var problem = program.problem(in: folder, searchPath: nil) else { return [] }
        problem.severity = .warning
        return [problem]
    }
}

extension Diagnostic {
    fileprivate static func noProgram(_ name: String, _ reason: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "missing-program", "A function's program is not there",
            detail: "\(reason) Calls of the function would fail.",
            fix: "Create it, or correct the command; a path is relative to the file that names it.", at: range,
            cause: .lacking)
    }

    fileprivate static func notExecutable(_ name: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "not-executable", "A function's program may not be run",
            detail: "`\(name)` is not executable. Calls of the function would fail.", fix: "Run `chmod +x \(name)`.",
            at: range, cause: .lacking)
    }

    fileprivate static func notStartable(
        _ name: String, _ problem: ProgramFile.Problem, _ range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "not-startable", "A function's program cannot be started",
            detail: "`\(name)` cannot be started. \(problem.reason) Calls of the function would fail.",
            fix: problem.fix, at: range, cause: .lacking)
    }
}
