import Glibc
import Language
import Synchronization

/// Standard output, for results, and standard error, for everything about the run.
enum Console {
    private static let isForReports = Atomic<Bool>(false)

    /// Keeps standard output for a report that is wanted there: everything else goes to standard error.
    static func keepOutputForReports() {
        isForReports.store(true, ordering: .relaxed)
    }

    /// The destination of results for people.
    static var output: Int32 {
        isForReports.load(ordering: .relaxed) ? STDERR_FILENO : STDOUT_FILENO
    }

    /// Whether standard output is a terminal that shows colours.
    static func colors(_ environment: [String: String], descriptor: Int32 = STDOUT_FILENO) -> Bool {
        isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// The columns of the terminal behind a descriptor; nil when it is none, or does not tell.
    static func columns(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The lines of the terminal behind a descriptor; nil when it is none, or does not tell.
    static func rows(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return nil }
        return Int(size.ws_row)
    }

    /// A line of a live display: one that is wider than the terminal would take two, and be left behind.
    static func live(_ line: String) -> String {
        columns(STDERR_FILENO).map { Printable.cut(line, to: max(8, $0 - 2)) } ?? line
    }

    static var isInteractive: Bool {
        isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
    }

    static func out(_ text: String) {
        write(text + "\n", to: output)
    }

    /// Without a line break, for text that is streamed.
    static func stream(_ text: String) {
        write(text, to: output)
    }

    /// - Parameter isPainted: Whether the text has colours of our own in it, and nothing else that controls a terminal.
    static func note(_ text: String, isPainted: Bool = false) {
        let text = isPainted ? text : Printable.block(text)
        if let notes = notes.withLock(\.self) { return notes.write(text) }
        write(text + "\n", to: STDERR_FILENO)
    }

    /// Takes the notes in place of standard error; nil where nobody minds to wait.
    private static let notes = Mutex<LineOutput?>(nil)

    /// Runs a body whose notes hold up nobody.
    static func noting<Result: Sendable>(
        on output: LineOutput = LineOutput(STDERR_FILENO) { "Nobody took \($0.counting("note")): dropped." },
        _ body: () async throws -> Result
    ) async throws -> Result {
        notes.withLock { $0 = output }
        // Where nobody takes even these, nobody is waited for at the end either.
        defer { if output.flush() { notes.withLock { $0 = nil } } }
        return try await output.flushing(body)
    }

    static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8)[...], to: descriptor)
    }

    /// Writes all bytes, unless nobody reads them any more. A pipe that is full and does not block is waited for.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            } else if errno != EINTR {
                let number = errno
                // Nobody reads a pipe that is closed, a terminal that is gone, or what was closed from the beginning.
                let isLost = descriptor == STDOUT_FILENO && ![EPIPE, EIO, EBADF].contains(number)
                if isLost { lostOutput.store(number, ordering: .relaxed) }
                return
            }
        }
    }

    /// The system's number of what kept output from being written, as a full disk does; 0 when nothing did.
    private static let lostOutput = Atomic<Int32>(0)

    /// What was kept from being written to standard output; nil when nothing was, or nobody read it any more.
    static var outputProblem: Diagnostic? {
        let number = lostOutput.load(ordering: .relaxed)
        return number == 0 ? nil : .outputNotWritten(because: number)
    }

    /// Asks for agreement.
    /// - Throws: `Diagnostic` (`usage`) where there is nobody to ask, or a cancellation when the user interrupted.
    static func agrees(_ question: String) throws -> Bool {
        guard isInteractive else { throw Diagnostic.nobodyToAsk }
        return try confirms(question)
    }

    /// Asks for confirmation: `yes` or `y`.
    /// - Throws: A cancellation when the user interrupted.
    static func confirms(_ question: String) throws -> Bool {
        write("\(Printable.block(question)) [y/N] ", to: STDERR_FILENO)
        return try ["y", "yes"].contains(line(from: STDIN_FILENO)?.lowercased())
    }

    /// The next line that somebody types, without its end; nil where nothing comes any more. Nothing is in flight
    /// meanwhile: who interrupts does not have to answer first.
    /// - Throws: A cancellation when the user interrupted.
    static func line(
        from descriptor: Int32, isInterrupted: () -> Bool = { Interruption.exitCode != nil }
    ) throws -> String? {
        var bytes: [UInt8] = []
        while true {
            guard !isInterrupted() else { throw CancellationError() }
            // Another thread may be the one that is told of the signal.
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 100) > 0 else { continue }
            var byte: UInt8 = 0
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
            guard byte != UInt8(ascii: "\n") else { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
    }
}

extension Diagnostic {
    fileprivate static func outputNotWritten(because number: Int32) -> Diagnostic {
        Diagnostic(
            "output-not-written", "Output that could not be written",
            detail: "Standard output could not be written to: \(SystemError.text(number)). What it holds is not whole.",
            fix: "Lead it to a file that has room.", cause: .unavailable)
    }
}

/// The response to Ctrl-C, SIGTERM and SIGHUP: the first finishes what is in flight, the second stops at once.
enum Interruption {
    private static let signal = Atomic<Int32>(0)
    private static let bell = SignalBell()

    /// 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP; nil when there was none.
    static var exitCode: Int32? {
        let signal = signal.load(ordering: .relaxed)
        return signal == 0 ? nil : 128 + signal
    }

    /// Returns when the user interrupts, or the task is cancelled.
    static func happens() async {
        await bell.hasRung()
    }

    static func listen() {
        _ = bell  // A handler of signals can make none.
        // `nohup` lets programs go on when their terminal is closed. What serves reads its files again instead.
        for number in [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP]) {
            Glibc.signal(number) { number in
                if Interruption.signal.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
                Interruption.bell.ring()
            }
        }
        Glibc.signal(SIGPIPE, SIG_IGN)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Runs a body that is cancelled when the user interrupts, and returns its result.
    static func stopping<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async throws -> Result {
        try await cancelling { await body() }
    }

    /// Runs a body that only reads, and ends it when the user interrupts.
    /// - Throws: A cancellation then, whatever the body makes of it.
    static func reading<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        do {
            return try await cancelling(body)
        } catch {
            throw exitCode == nil ? error : CancellationError()
        }
    }

    /// Runs a body that only reads, and has so much time when the user has interrupted.
    /// - Returns: nil when that is over.
    static func bounding<Result: Sendable>(
        by time: Duration, isInterrupted: @escaping @Sendable () -> Bool = { exitCode != nil },
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !isInterrupted() { try await Task.sleep(for: .milliseconds(50)) }
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Runs a body that only reads, and has so much time.
    /// - Returns: nil when that is over.
    static func limiting<Result: Sendable>(
        to time: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await bounding(by: time, isInterrupted: { true }, body)
    }

    /// Runs a body that is cancelled when the user interrupts.
    static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await happens()
                try Task.checkCancellation()
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
