import Foundation
import Support
import Testing

@testable import Reports

@Suite("Spool")
struct SpoolTests {
    @Test(
        "While a run goes on its spool is locked, and has its name; once it is removed, that is seen by who had it open"
    )
    func locked() async throws {
        try await withTemporaryDirectory { directory in
            let spool = Spool(in: directory, name: "one")
            spool.keep(SpoolEntry(settled: SpoolEntry.Settled(suite: "golden", evidence: nil)))
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(names == ["one.jsonl"])
            let descriptor = open(spool.path, O_RDWR)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0 && !Spool.isRemoved(descriptor))
            #expect(spool.settle(isUnsent: false) == nil)
            #expect(Spool.isRemoved(descriptor))
        }
    }
}
