import FoundationEssentials
import Subprocess
import SystemPackage

/// The built program, run as a user runs it: without a terminal, in a directory of its own.
package struct DroverProgram: Sendable {
    /// How a run ended.
    package struct Ended: Sendable {
        package let code: Int32
        package let output: String
        package let errors: String
    }

    private let directory: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - directory: The working directory.
    ///   - environment: Added to a bare environment that configures no server.
    package init(in directory: String, environment: [String: String] = [:]) {
        self.directory = directory
        let inherited = ProcessInfo.processInfo.environment
        let kept = ["PATH", "HOME", "LANG", "XDG_CACHE_HOME", "PYENV_ROOT", "TMPDIR", "SSL_CERT_FILE"]
        self.environment = inherited.filter { key, _ in
            kept.contains(key) || key.hasPrefix("UV_") || key.hasPrefix("PIP_")
        }.merging(environment) { _, added in added }
    }

    /// Runs `drover` with arguments to its end.
    package func callAsFunction(_ arguments: String...) async throws -> Ended {
        try await run(Self.path, arguments)
    }

    /// The same, with arguments in a list.
    package func callAsFunction(_ arguments: [String]) async throws -> Ended {
        try await run(Self.path, arguments)
    }

    /// Runs any program in the same directory and environment.
    package func run(_ program: String, _ arguments: [String]) async throws -> Ended {
        var variables: [Environment.Key: String] = [:]
        for (key, value) in environment { variables[Environment.Key(stringLiteral: key)] = value }
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: .custom(variables),
            workingDirectory: FilePath(directory), output: .string(limit: 16 << 20), error: .string(limit: 16 << 20))
        let code: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Ended(code: code, output: result.standardOutput, errors: result.standardError)
    }

    /// Beside the tests' own program, where the same build puts it.
    package static var path: String {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return ProcessInfo.processInfo.environment["DROVER_BINARY"] ?? tests.appending(path: "drover").path
    }
}

/// A directory that is removed with everything in it when the body ends.
package func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    // What cannot be removed is the system's to clear.
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

/// The root of the package, for files that tests take from it.
package let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
