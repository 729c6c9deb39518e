import FoundationEssentials
import Glibc
import Language

/// One call of `posix_spawn`: a new session without input, with output to a log, which inherits no other file
/// descriptor and no ignored signal.
struct Spawn {
    let program: Program
    let environment: [String: String]
    let log: String

    /// The shell execs the program: the process stays the same.
    private static let changeDirectory = #"cd "$0" && exec "$@""#

    /// Starts the program.
    /// - Returns: its process id, which is also its session id.
    func pid() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        redirect(&actions)
        detach(&attributes)
        var pid: pid_t = 0
        closeOnExec()
        let failure = withCStrings(["/bin/sh", "-c", Self.changeDirectory, program.directory] + program.words) {
            words in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { entries in
                posix_spawn(&pid, "/bin/sh", &actions, &attributes, words, entries)
            }
        }
        guard failure == 0 else { throw Diagnostic.notStarted(program, why: SystemError.text(failure)) }
        return pid
    }

    private func redirect(_ actions: inout posix_spawn_file_actions_t) {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }

    /// Keeps the program from inheriting descriptors: a pipe to the parent of drover would never close.
    private func closeOnExec() {
        // Without `/proc` there is no list; Swift's own libraries open nothing that is inherited.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    private func detach(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        sigemptyset(&usual)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT] {
            sigaddset(&usual, signal)
        }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which the module map does not show.
        posix_spawnattr_setflags(
            &attributes, Int16(newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))
    }
}

/// Passes texts to a body as a C array that ends with a null pointer.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("An array with an element has an address.") }
        return body(base)
    }
}

extension Diagnostic {
    fileprivate static func notStarted(_ program: Program, why: String) -> Diagnostic {
        Diagnostic(
            "lab-server-not-started", "Server not started",
            detail: "The program `\(program.words.first ?? "")` could not be started: \(why).",
            fix: "Check that the file is there and that you may run it; removing all its data starts afresh.",
            cause: .unavailable)
    }
}
