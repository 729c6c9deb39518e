import Testing

@testable import Serving

@Suite("Limits")
struct LimitsTests {
    private func fitted(_ memory: Int, _ change: (inout Limits) -> Void = { _ in }) -> Limits {
        var limits = Limits()
        limits.connections = 10_000
        change(&limits)
        limits.fit(memory)
        return limits
    }

    @Test("What all clients together may send goes into the memory, several times")
    func memory() {
        let small = fitted(512 << 20)
        #expect(small.connections == 1_170 && small.bodies == 32 << 20 && small.beginnings == 16 << 20)
        for megabytes in [256, 512, 1_024, 2_048, 65_536] {
            let limits = fitted(megabytes << 20)
            let heads = limits.connections * (56 << 10)
            #expect(heads + 4 * (limits.bodies + limits.beginnings) <= megabytes << 19, "\(megabytes)")
        }
    }

    @Test(
        "Where there is much of it, nothing changes; where there is little, a body still has room, and each answer a client"
    )
    func ends() {
        let large = fitted(16 << 30)
        #expect(large.connections == 10_000 && large.bodies == 64 << 20 && large.beginnings == 32 << 20)
        #expect(fitted(16 << 30) { $0.connections = 100 }.connections == 100)
        let tiny = fitted(16 << 20) { $0.concurrency = 500 }
        #expect(tiny.connections == 1_064 && tiny.bodies == 8 << 20 && tiny.beginnings == 1 << 20)
    }

    @Test("As many questions as are answered at a time, and wait, have room with what is not counted as a long body")
    func concurrency() {
        for (concurrency, beginnings) in [(64, 32 << 20), (273, 273 * 120 << 10), (1_000, 1_000 * 120 << 10)] {
            var limits = Limits()
            limits.admit(concurrency)
            #expect(limits.concurrency == concurrency && limits.beginnings == max(32 << 20, beginnings))
        }
    }
}
