import FoundationEssentials
package import Language

/// A program that a spec names: a path relative to the file that names it, or a name to be found in `PATH`.
package struct DeclaredProgram: Sendable {
    /// What it is for, as messages say it.
    package enum Purpose: Sendable {
        case function, judgement

        fileprivate var subject: String {
            switch self {
            case .function: "A function's program"
            case .judgement: "A program that judges"
            }
        }

        fileprivate var loss: String {
            switch self {
            case .function: "Calls of the function would fail."
            case .judgement: "No answer could be judged by it."
            }
        }
    }

    package let name: Located<String>
    package let purpose: Purpose

    package init(_ name: Located<String>, for purpose: Purpose) {
        self.name = name
        self.purpose = purpose
    }

    /// Why the program cannot be run on this machine, as far as this can be determined without running it; nil when it
    /// can.
    ///
    /// - Parameters:
    ///   - folder: determines the working directory: that of the file that names the program.
    ///   - searchPath: the folders that are searched for a bare name, as `PATH` lists them; nil to search none.
    package func problem(in folder: SpecFolder, searchPath: String?) -> Diagnostic? {
        let text = name.value
        guard text.contains("/") else {
            guard let searchPath else { return nil }
            guard let path = ProgramFile.path(of: text, in: "/", searchPath: searchPath) else {
                return missing("No folder in `PATH` has a program `\(text)`.")
            }
            return ProgramFile(path, searchPath: searchPath).problem.map(notStartable)
        }
        let path = folder.location(of: name)
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory else {
            return missing(isDirectory ? "`\(text)` is a directory." : "There is no file `\(text)`.")
        }
        guard FileManager.default.isExecutableFile(atPath: path) else { return notExecutable }
        return ProgramFile(path, searchPath: searchPath).problem.map(notStartable)
    }

    private func missing(_ reason: String) -> Diagnostic {
        Diagnostic(
            "missing-program", "\(purpose.subject) is not there", detail: "\(reason) \(purpose.loss)",
            fix: "Create it, or correct the command; a path is relative to the file that names it.", at: name.range,
            cause: .lacking)
    }

    private var notExecutable: Diagnostic {
        Diagnostic(
            "not-executable", "\(purpose.subject) may not be run",
            detail: "`\(name.value)` is not executable. \(purpose.loss)", fix: "Run `chmod +x \(name.value)`.",
            at: name.range, cause: .lacking)
    }

    private func notStartable(_ problem: ProgramFile.Problem) -> Diagnostic {
        Diagnostic(
            "not-startable", "\(purpose.subject) cannot be started",
            detail: "`\(name.value)` cannot be started. \(problem.reason) \(purpose.loss)", fix: problem.fix,
            at: name.range, cause: .lacking)
    }
}
