import FoundationEssentials
import Subprocess
import SystemPackage

/// Runs programs and waits for them.
struct Run: Sendable {
    struct Ended: Sendable {
        let succeeded: Bool
        /// Standard output and standard error, interleaved, at most 16 MiB.
        let output: String

        /// The last lines, as many as fit on a screen.
        var lastLines: String {
            LogTail.lastLines(12, of: output)
        }
    }

    let environment: [String: String]

    /// - Parameter environment: of this process. The directory where uv and pip install the user's programs is searched
    ///   last, because many shells do not have it on their search path.
    init(environment: [String: String]) {
        let own = environment["HOME"].map { "\($0)/.local/bin" }
        let paths = [environment["PATH"], own].compactMap(\.self).joined(separator: ":")
        self.environment = environment.merging(["PATH": paths]) { _, new in new }
    }

    /// Runs a program until it ends; nil when there is no such program.
    func callAsFunction(_ words: [String], standardError: Bool = true) async throws -> Ended? {
        guard let name = words.first else { return nil }
        var variables: [Environment.Key: String] = [:]
        for (key, value) in environment {
            variables[Environment.Key(stringLiteral: key)] = value
        }
        let executable: Executable = name.contains("/") ? .path(FilePath(name)) : .name(name)
        let arguments = Arguments(Array(words.dropFirst()))
        do {
            if standardError {
                let result = try await run(
                    executable, arguments: arguments, environment: .custom(variables),
                    output: .string(limit: 16 << 20), error: .combinedWithOutput)
                return Ended(succeeded: result.terminationStatus.isSuccess, output: result.standardOutput)
            }
            let result = try await run(
                executable, arguments: arguments, environment: .custom(variables),
                output: .string(limit: 16 << 20), error: .discarded)
            return Ended(succeeded: result.terminationStatus.isSuccess, output: result.standardOutput)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return nil
        }
    }
}
