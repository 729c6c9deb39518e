/// The limit on the memory of this process and those beside it, as a container has one.
package enum MemoryLimit {
    /// In bytes; nil where there is none, or the system does not tell.
    package static var current: Int? {
        least { path in
            // What is not there limits nothing.
            (try? FileBytes.read(path, atMost: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The least limit of the control groups that this process is in, of either version of them: those that hold its own limit
    /// it, too. See `cgroups(7)`.
    ///
    ///     0::/system.slice/drover.service
    ///     5:memory:/docker/1f2e
    ///
    /// - Parameter content: Of a file; nil where it is not there.
    static func least(_ content: (_ path: String) -> String?) -> Int? {
        let groups = (content("/proc/self/cgroup") ?? "").split(separator: "\n")
        return groups.flatMap(files).compactMap { file in
            // `max`, or a number that no machine has, for none.
            let bytes = content(file)?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
            return bytes.flatMap { $0 < 1 << 60 ? $0 : nil }
        }.min()
    }

    private static func files(of group: Substring) -> [String] {
        let parts = group.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return [] }
        let isSecond = parts[0] == "0" && parts[1].isEmpty
        guard isSecond || parts[1].split(separator: ",").contains("memory") else { return [] }
        let (root, name) =
            isSecond ? ("/sys/fs/cgroup", "memory.max") : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        let names = parts[2].split(separator: "/")
        // In a container, the path may be that of the machine, which is not seen there.
        return (0...names.count).map { count in
            ([root[...]] + names.prefix(count) + [name[...]]).joined(separator: "/")
        }
    }
}
