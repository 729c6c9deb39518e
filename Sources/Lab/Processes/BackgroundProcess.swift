import FoundationEssentials
import Glibc

/// A program that runs in the background, in its own session, and outlives drover.
///
/// It and its children have `DROVER_LAB=<directory>` in their environment: only processes with it are ever stopped.
struct BackgroundProcess: Sendable {
    let identity: ProcessIdentity
    /// The lab that it belongs to: an absolute directory.
    let lab: String

    static let marker = "DROVER_LAB"

    /// Starts a program with output to a log and no input; Ctrl-C in this terminal does not reach it.
    /// - Throws: `Diagnostic` when the program cannot be started.
    static func start(_ program: Program, lab: String, log: String) throws -> BackgroundProcess {
        var environment = program.environment
        environment[marker] = lab
        let pid = try Spawn(program: program, environment: environment, log: log).pid()
        let identity = ProcessIdentity(pid: pid) ?? ProcessIdentity(pid: pid, startTime: "ended")
        return BackgroundProcess(identity: identity, lab: lab)
    }

    /// Whether the program runs; if it has ended and was started by this process, its exit status is collected.
    var isRunning: Bool {
        if identity.isRunning { return !isAnothers }
        waitpid(identity.pid, nil, WNOHANG)
        return false
    }

    /// Its remaining processes: itself and its children, also when only the children are left.
    ///
    /// As long as it runs itself, its start time says that the session is its own, also when the directory of the lab was
    /// moved since.
    private var members: [ProcessTable.Entry] {
        guard let leader = ProcessIdentity(pid: identity.pid) else {
            return ProcessTable.members(ofSession: identity.pid) { $0 == "\(Self.marker)=\(lab)" }
        }
        guard leader == identity, !isAnothers else { return [] }
        return ProcessTable.members(ofSession: identity.pid) { $0.hasPrefix("\(Self.marker)=") }
    }

    /// Whether it belongs to another lab, which is there and names it: the directory of that one was copied with its file.
    private var isAnothers: Bool {
        let entries = ProcessTable.environment(of: identity.pid)
        guard let own = entries.first(where: { $0.hasPrefix("\(Self.marker)=") })?.dropFirst(Self.marker.count + 1),
            own != lab, let content = FileManager.default.contents(atPath: "\(own).json")
        else { return false }
        let file = try? JSONDecoder().decode(LabFile.self, from: content)  // One that cannot be read names nothing.
        return file?.processes.contains { $0.identity == identity } ?? false
    }

    /// The memory that it and its children use, in bytes.
    var residentBytes: Int {
        members.reduce(0) { $0 + $1.residentPages } * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Terminates it and its children, and kills those that still run after the limit.
    func stop(within limit: Duration = .seconds(10), clock: some Clock<Duration> = ContinuousClock()) async throws {
        try await end(with: SIGTERM, until: clock.now.advanced(by: limit), clock)
        try await end(with: SIGKILL, until: clock.now.advanced(by: .seconds(5)), clock)
        waitpid(identity.pid, nil, WNOHANG)
    }

    /// Sends a signal once to each process, including new ones, until none is left or the time is over.
    private func end<C: Clock<Duration>>(with signal: Int32, until deadline: C.Instant, _ clock: C) async throws {
        var signalled: Set<pid_t> = []
        while case let members = members, !members.isEmpty {
            for member in members where signalled.insert(member.pid).inserted {
                kill(member.pid, signal)
            }
            guard clock.now < deadline else { return }
            try await clock.sleep(for: .milliseconds(20))
        }
    }
}
