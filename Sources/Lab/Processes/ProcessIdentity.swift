import FoundationEssentials

/// One run of a program. A process id alone can be reused; with the start time it is unique.
struct ProcessIdentity: Sendable, Hashable, Codable {
    let pid: Int32
    /// When it started, in clock ticks since the boot that follows the `@`: `482913@0f6c…`.
    let startTime: String

    init(pid: Int32, startTime: String) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The program that has this process id now; nil when there is none or it is a zombie.
    init?(pid: Int32) {
        guard let entry = ProcessTable.entry(of: pid), !entry.hasEnded else { return nil }
        self.init(pid: pid, startTime: "\(entry.startTicks)@\(ProcessTable.boot)")
    }

    /// Whether this run is still going on.
    var isRunning: Bool {
        ProcessIdentity(pid: pid) == self
    }
}

/// The kernel's information about a process, read from `/proc`.
struct ProcessTable {
    struct Entry {
        let pid: Int32
        /// It is a zombie: only its exit status is left.
        let hasEnded: Bool
        let session: Int32
        let startTicks: UInt64
        let residentPages: Int
    }

    /// Identifies the current boot of the machine; empty when the system does not provide it.
    static let boot: String = {
        let text = contents(of: "/proc/sys/kernel/random/boot_id") ?? ""
        return text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    }()

    static func entry(of pid: Int32) -> Entry? {
        contents(of: "/proc/\(pid)/stat").flatMap { Entry(pid: pid, stat: $0) }
    }

    /// All processes of a session that have such an environment entry, including the leader if it still runs.
    static func members(ofSession session: Int32, where isWanted: (String) -> Bool) -> [Entry] {
        // Without `/proc` nothing is known about processes.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.compactMap(entry(of:)).filter { entry in
            entry.session == session && !entry.hasEnded && environment(of: entry.pid).contains(where: isWanted)
        }
    }

    /// The entries of its environment, `NAME=value`; none where it may not be read.
    static func environment(of pid: Int32) -> [String] {
        let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func contents(of path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension ProcessTable.Entry {
    /// Reads `pid (name) state ppid pgrp session … starttime vsize rss …`, where the name may contain anything.
    init?(pid: Int32, stat: String) {
        guard let afterName = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: afterName)...].split(separator: " ")
        guard
            fields.count > 21, let session = Int32(fields[3]), let start = UInt64(fields[19]),
            let pages = Int(fields[21])
        else { return nil }
        self.init(
            pid: pid, hasEnded: fields[0] == "Z" || fields[0] == "X", session: session, startTicks: start,
            residentPages: pages)
    }
}
