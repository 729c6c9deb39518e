import Support
import Synchronization
import Testing

@testable import Suites

@Suite("Bounds of inquiries")
struct InquiryBoundsTests {
    private final class Attempts: Sendable {
        let count = Mutex(0)
    }

    @Test("What breaks is tried again as often as allowed, and not where it would be the same", arguments: [0, 2])
    func again(retries: Int) async {
        let failures: [(error: any Error, most: Int)] = [
            (Unobservable("broken"), retries + 1), (NotToRepeat(reason: "no"), 1),
        ]
        for (error, most) in failures {
            let attempts = Attempts()
            await #expect(throws: (any Error).self) {
                try await InquiryBounds.test(retries: retries).asking {
                    attempts.count.withLock { $0 += 1 }
                    throw error
                }
            }
            #expect(attempts.count.withLock { $0 } == most, "\(error)")
        }
    }

    @Test("What takes too long is not found out")
    func late() async {
        await #expect(throws: Unobservable("it took longer than 1 s")) {
            try await InquiryBounds.test(.rushing).asking { await untilCancelled() }
        }
    }

    @Test("What is cancelled is not tried again")
    func cancelled() async {
        let attempts = Attempts()
        await withTaskGroup { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await InquiryBounds.test(retries: 5).asking {
                        attempts.count.withLock { $0 += 1 }
                        await untilCancelled()
                        throw Unobservable("broken")
                    }
                }
            }
            group.cancelAll()
        }
        #expect(attempts.count.withLock { $0 } <= 1)
    }
}
