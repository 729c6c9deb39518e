import Engine
package import Language
import Runtime

extension FunctionProgram {
    /// Why the program cannot be run on this machine; nil when it can.
    ///
    /// - Parameter searchPath: the folders that are searched for a bare name, as `PATH` lists them; nil to search none.
    func problem(in folder: SpecFolder, searchPath: String?) -> Diagnostic? {
        guard let name = command.value.first else { return nil }
        return DeclaredProgram(Located(name, at: command.range), for: .function)
            .problem(in: folder, searchPath: searchPath)
    }

    /// The extensions of scripts that an interpreter is given. Other arguments may name what must not be kept, such as
    /// a key.
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
