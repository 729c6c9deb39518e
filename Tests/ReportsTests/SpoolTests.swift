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

    @Test("Once a run has ended its spool may be sent at once, though a program that was started beside has it open")
    func ended() async throws {
        try await withTemporaryDirectory { directory in
            let spool = Spool(in: directory, name: "one")
            spool.keep(SpoolEntry(settled: SpoolEntry.Settled(suite: "golden", evidence: nil)))
            // As a child has it before it becomes another program.
            let own = try #require(Self.descriptors(of: spool.path).first)
            let inherited = dup(own)
            defer { close(inherited) }
            #expect(spool.settle(isUnsent: true)?.contains(spool.path) == true)
            let descriptor = open(spool.path, O_RDWR)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            let size = try FileManager.default.attributesOfItem(atPath: spool.path)[.size] as? Int
            spool.keep(SpoolEntry(settled: SpoolEntry.Settled(suite: "golden", evidence: nil)))
            #expect(try FileManager.default.attributesOfItem(atPath: spool.path)[.size] as? Int == size)
        }
    }

    /// The descriptors of this process for a file.
    private static func descriptors(of path: String) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap(Int32.init).filter { number in
            // One that was closed meanwhile is another's.
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")) == path
        }
    }
}
