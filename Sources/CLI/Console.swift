import Glibc
import Synchronization

/// Standard output, for results, and standard error, for everything about the run.
enum Console {
    /// The destination of results.
    static let output = STDOUT_FILENO

    /// Whether standard output is a terminal that shows colours.
    static func colors(_ environment: [String: String], descriptor: Int32 = STDOUT_FILENO) -> Bool {
        isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    static var isInteractive: Bool {
        isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
    }

    static func out(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// Without a line break, for text that is streamed.
    static func stream(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    static func note(_ text: String) {
        write(text + "\n", to: STDERR_FILENO)
    }

    static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8)[...], to: descriptor)
    }

    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    /// Asks for confirmation: `yes` or `y`.
    static func confirms(_ question: String) -> Bool {
        write("\(question) [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased())
    }
}

/// The response to Ctrl-C and SIGTERM: the first finishes what is in flight, the second stops at once.
enum Interruption {
    private static let signal = Atomic<Int32>(0)

    /// 130 for SIGINT, 143 for SIGTERM; nil when there was none.
    static var exitCode: Int32? {
        let signal = signal.load(ordering: .relaxed)
        return signal == 0 ? nil : 128 + signal
    }

    static func listen() {
        for number in [SIGINT, SIGTERM] {
            Glibc.signal(number) { number in
                if Interruption.signal.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
            }
        }
        Glibc.signal(SIGPIPE, SIG_IGN)
    }

    /// Runs a body that is cancelled when the user interrupts, and returns its result.
    static func stopping<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async throws -> Result {
        try await cancelling { await body() }
    }

    /// Runs a body that is cancelled when the user interrupts.
    static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while exitCode == nil { try await Task.sleep(for: .milliseconds(50)) }
                return nil
            }
            defer { group.cancelAll() }
            var result = try await group.next() ?? nil
            if result == nil {
                group.cancelAll()
                result = try await group.next() ?? nil
            }
            guard let result else { throw CancellationError() }
            return result
        }
    }
}
