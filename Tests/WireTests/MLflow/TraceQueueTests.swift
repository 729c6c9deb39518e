import Language
import Testing

@testable import Wire

@Suite("TraceQueue")
struct TraceQueueTests {
    private func trace(_ number: Int, isJoined: Bool = false) -> MLflowTrace {
        let id = TraceID(high: .max, low: UInt64(number) << 8)
        let span = MLflowSpan(id: id.spanID(at: 0), parent: nil, name: "agent", start: 0, end: 1)
        var trace = MLflowTrace(id: id, experimentID: "0", name: "agent", spans: [span], request: "Hi")
        if isJoined { trace.spans[0].parent = id.spanID(at: 1) }
        return trace
    }

    @Test("The memory of a burst is given back when all of it was taken", arguments: [false, true])
    func burst(isJoined: Bool) {
        var queue = TraceQueue(limit: 10_000, byteLimit: 64 << 20)
        for round in 0..<2 {
            for number in 0..<5_000 {
                let trace = trace(round * 5_000 + number, isJoined: isJoined)
                queue.put(trace, of: trace.size)
            }
            #expect(queue.bytes >= 5_000 * 1_024 && queue.room >= 5_000)
            queue.ripen()
            queue.ripen()
            var taken = 0
            while taken < 5_000 {
                let batch = queue.take(100, upTo: 1 << 20)
                guard !batch.isEmpty else { break }
                taken += batch.count
            }
            #expect(taken == 5_000)
            #expect(queue.bytes == 0 && queue.room == 0, "\(queue.bytes) bytes, room for \(queue.room)")
        }
        #expect(queue.tally == TraceTally())
    }
}
