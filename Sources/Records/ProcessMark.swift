import FoundationEssentials
import Glibc
import Language

/// What a process is known by on its machine, so that another there can tell that it has ended.
package enum ProcessMark {
    /// `<machine>:<process id>:<start>`; nil where the system does not tell.
    package static func current() -> String? {
        let id = getpid()
        guard let machine = machine(), let start = state(of: id)?.start else { return nil }
        return "\(machine):\(id):\(start)"
    }

    /// Whether the process certainly has ended; false for one of another machine or container.
    package static func isGone(_ mark: String) -> Bool {
        let parts = mark.split(separator: ":").map(String.init)
        guard parts.count == 3, parts[0] == machine(), let id = pid_t(parts[1]), id > 0 else { return false }
        if kill(id, 0) != 0, errno == ESRCH { return true }
        // Other users' processes may be hidden.
        guard let now = state(of: id) else { return false }
        return now.start != parts[2] || now.hasEnded
    }

    /// This boot of this machine, and the container: process ids mean something only there.
    private static func machine() -> String? {
        guard let boot = text("/proc/sys/kernel/random/boot_id"),
            let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        else { return nil }
        return String(sha256Hex(Array("\(boot) \(space)".utf8)).prefix(16))
    }

    private static func state(of id: pid_t) -> (start: String, hasEnded: Bool)? {
        // The name, in parentheses, may hold anything.
        guard let text = text("/proc/\(id)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].dropFirst().split(separator: " ")
        guard fields.count > 19 else { return nil }
        return (String(fields[19]), ["Z", "X"].contains(fields[0]))
    }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
