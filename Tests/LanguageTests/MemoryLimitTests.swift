import Testing

@testable import Language

@Suite("MemoryLimit")
struct MemoryLimitTests {
    private func least(_ files: [String: String]) -> Int? {
        MemoryLimit.least { files[$0] }
    }

    @Test("Is that of the control group, or of one around it, whichever is less")
    func second() {
        let own = ["/proc/self/cgroup": "0::/a/b\n"]
        #expect(least(own) == nil && least([:]) == nil)
        let alone = own.merging(["/sys/fs/cgroup/a/b/memory.max": "536870912\n"]) { $1 }
        #expect(least(alone) == 512 << 20)
        #expect(least(alone.merging(["/sys/fs/cgroup/a/memory.max": "268435456\n"]) { $1 }) == 256 << 20)
        #expect(least(alone.merging(["/sys/fs/cgroup/a/memory.max": "max\n"]) { $1 }) == 512 << 20)
        // In a container.
        #expect(least(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "1048576\n"]) == 1 << 20)
        #expect(least(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n"]) == nil)
    }

    @Test("Is that of the first version of control groups, too, where the path of the machine is not seen")
    func first() {
        let own = ["/proc/self/cgroup": "6:cpu,cpuacct:/docker/x\n5:memory:/docker/x\n1:name=systemd:/docker/x\n"]
        let file = "/sys/fs/cgroup/memory/memory.limit_in_bytes"
        #expect(least(own.merging([file: "536870912\n"]) { $1 }) == 512 << 20)
        #expect(least(own.merging([file: "9223372036854771712\n"]) { $1 }) == nil)
        #expect(least(own.merging(["/sys/fs/cgroup/cpu,cpuacct/memory.limit_in_bytes": "1\n"]) { $1 }) == nil)
    }
}
