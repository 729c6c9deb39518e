import FoundationEssentials
package import Language
import Subprocess
import Synchronization
import SystemPackage
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Calls a function as a program: the arguments are a JSON object on its standard input, and its standard output is the
/// result. Its environment is only `PATH`, `HOME`, `LANG`, `TZ` and `TMPDIR`, so it gets none of our secrets.
package struct ProgramFunction: FunctionHandler {
    /// The program (a path, or a name to be found in `PATH`) and its arguments, never empty.
    package var command: [String]
    package var directory: String
    package var timeout: Duration
    /// What messages call it, as the beginning of a sentence.
    package var subject = "The function"
    /// Further variables, for a program of drover's own: those of users get none.
    package var passedOn: [String: String] = [:]
    private let environment: [String: String]

    private static let kept = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"]

    /// - Parameter environment: that of drover; most of it is not passed on.
    package init(
        _ command: [String], in directory: String, timeout: Duration = .seconds(30), environment: [String: String]
    ) {
        precondition(!command.isEmpty, "A command names a program.")
        self.command = command
        self.directory = directory
        self.timeout = timeout
        self.environment = environment.filter { Self.kept.contains($0.key) }
    }

    package func call(_ arguments: Value) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask { try await run(arguments) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw FunctionFailure("\(subject) did not end within \(timeout.exact).")
            }
            defer { group.cancelAll() }
            guard let output = try await group.next() else { throw CancellationError() }
            return output
        }
    }

    /// A cancelled program is terminated, and killed a second later. What it has started and left running is killed
    /// when it has ended.
    private func run(_ arguments: Value) async throws -> String {
        var variables: [Environment.Key: String] = [:]
        for (key, value) in environment.merging(passedOn, uniquingKeysWith: { $1 }) {
            variables[Environment.Key(stringLiteral: key)] = value
        }
        var options = PlatformOptions()
        // What it has started itself is in the same group.
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
        let name = command[0]
        let input = try Self.input(arguments)
        // No longer used, so an error of closing does not matter.
        defer { try? input.close() }
        let group = Mutex<pid_t>(0)
        // At once: as long as a process is left in the group, its number is not given to another.
        defer { Self.end(group: group.withLock { $0 }) }
        do {
            let result = try await Subprocess.run(
                name.contains("/") ? .path(FilePath(name)) : .name(name),
                arguments: Arguments(Array(command.dropFirst())), environment: .custom(variables),
                workingDirectory: FilePath(directory), platformOptions: options,
                input: .fileDescriptor(input, closeAfterSpawningProcess: false),
                output: .bytes(limit: functionOutputLimit),
                error: .string(limit: functionOutputLimit)
            ) { execution in group.withLock { $0 = execution.processIdentifier.value } }
            guard result.terminationStatus.isSuccess else {
                let ending = Self.ending(result.terminationStatus)
                throw FunctionFailure("\(subject) \(ending): \(Self.end(of: result.standardError))")
            }
            guard let output = String(validating: result.standardOutput, as: UTF8.self) else {
                throw FunctionFailure("\(subject) wrote what is not UTF-8 text.")
            }
            return output
        } catch let error as SubprocessError {
            throw FunctionFailure(words(for: error))
        }
    }

    private static func end(group: pid_t) {
        if group > 1 { kill(-group, SIGKILL) }
    }

    /// The arguments as an unlinked file. If swift-subprocess 1.0 wrote them to a pipe, our own process would be
    /// terminated when the program exits before it has read everything.
    private static func input(_ arguments: Value) throws -> FileDescriptor {
        let path = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)").path
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(path), .readWrite, options: [.create, .exclusiveCreate],
                permissions: [.ownerRead, .ownerWrite])
        } catch let error as Errno {
            throw Self.unwritten(error)
        }
        do {
            try FileManager.default.removeItem(atPath: path)
            try fill(file.rawValue, with: arguments)
            return file
        } catch {
            try? file.close()  // The first failure is reported.
            throw error
        }
    }

    /// Writes the arguments to an open file, and moves back to its beginning.
    /// - Throws: `FunctionFailure` when it takes no more.
    static func fill(_ descriptor: Int32, with arguments: Value) throws {
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.writeAll(arguments.canonicalJSON.utf8)
            try file.seek(offset: 0, from: .start)
        } catch let error as Errno {
            throw unwritten(error)
        }
    }

    private static func unwritten(_ error: Errno) -> FunctionFailure {
        FunctionFailure("The function's arguments could not be written: \(SystemError.text(error.rawValue)).")
    }

    private func words(for error: SubprocessError) -> String {
        guard error.code != .outputLimitExceeded else {
            return "\(subject) wrote more than \(functionOutputLimit >> 10) KiB."
        }
        if let number = error.underlyingError?.rawValue, OpenFileLimit.isMeant(by: number) {
            return "The program could not be run: \(SystemError.text(number))."
        }
        let searchPath = environment["PATH"] ?? ""
        let path = ProgramFile.path(of: command[0], in: directory, searchPath: searchPath)
        if let path, FileManager.default.isExecutableFile(atPath: path),
            let problem = ProgramFile(path, searchPath: searchPath).problem
        {
            return "The program could not be run. \(problem.reason)"
        }
        return error.code == .executableNotFound
            ? "The program was not found." : "The program could not be run."
    }

    private static func ending(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "failed with exit code \(code)"
        case .signaled(let number): "was ended by the signal \(number)"
        }
    }

    private static func end(of text: String) -> String {
        let text = String(text.reversed().drop(while: \.isWhitespace).reversed())
        return text.isEmpty ? "it said nothing." : String(text.suffix(500))
    }
}
