import Engine
import Foundation
import Language
import Records
import Support
import Testing

@Suite("FileLock", .timeLimit(.minutes(20)))
struct FileLockTests {
    @Test("It is held by one at a time, and counts")
    func turns() async throws {
        try await withTemporaryDirectory { directory in
            let (one, two) = (FileLock(beside: "\(directory)/deep/r"), FileLock(beside: "\(directory)/deep/r"))
            #expect(try await one.newest() == nil)
            let lease = try #require(try await one.claim(as: .named("anna")).lease)
            #expect(lease.number == 1 && lease.isHeld)
            let held = try #require(try await two.claim(as: .named("ben")).held)
            #expect(held.holder == .named("anna") && held.number == 1 && !held.isReleased)
            try await one.release(lease)
            let released = try await two.newest()
            #expect(released?.isReleased == true && released?.isCutOff == false)
            let second = try #require(try await two.claim(as: .named("ben")).lease)
            #expect(second.number == 2 && second.cutOffs.isEmpty)
        }
    }

    @Test("A file that was written by a process that is gone is nobody's")
    func leftOver() async throws {
        try await withTemporaryDirectory { directory in
            let text = """
                {"number": 7, "since": "2026-01-31T12:00:00Z", "isReleased": false,
                "holder": {"id": "i", "name": "anna", "host": "desk", "purpose": "apply"}}
                """
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/r.lock"))
            let lock = FileLock(beside: "\(directory)/r")
            let left = try await lock.newest()
            #expect(left?.isReleased == true && left?.isCutOff == true)
            let lease = try #require(try await lock.claim(as: .named("ben")).lease)
            #expect(lease.number == 8 && lease.cutOffs.map(\.number) == [7])
            #expect(lease.cutOffs.first?.holder.name == "anna")
        }
    }

    @Test("A cut-off file does not matter")
    func cutOff() async throws {
        try await withTemporaryDirectory { directory in
            try Data("{\"num".utf8).write(to: URL(filePath: "\(directory)/r.lock"))
            #expect(try await FileLock(beside: "\(directory)/r").claim(as: .named("ben")).lease?.number == 1)
        }
    }

    @Test("Released by someone else, it is lost, and the next one takes it")
    func unlock() async throws {
        try await withTemporaryDirectory { directory in
            let (one, two) = (FileLock(beside: "\(directory)/r"), FileLock(beside: "\(directory)/r"))
            let lease = try #require(try await one.claim(as: .named("anna")).lease)
            await #expect(throws: Diagnostic.self) { try await two.unlock(2, by: "ben") }
            try await two.unlock(1, by: "ben")
            #expect(!lease.isHeld)
            let second = try #require(try await two.claim(as: .named("ben")).lease)
            #expect(second.number == 2 && second.cutOffs.map(\.number) == [1])
            #expect(second.cutOffs.map(\.holder) == [.named("anna")])
            try await one.release(lease)
            #expect(second.isHeld)
            #expect(try await one.claim(as: .named("anna")).lease == nil)
        }
    }

    @Test("A folder that cannot be made is told")
    func unusable() async throws {
        let thrown = await #expect(throws: Diagnostic.self) {
            try await FileLock(beside: "/dev/null/r").claim(as: .named("ben"))
        }
        #expect(thrown?.cause == .locked)
    }

    @Test("A process is known as gone only on its own machine, and when it has ended")
    func processMarks() throws {
        let mark = try #require(ProcessMark.current())
        let parts = mark.split(separator: ":")
        #expect(!ProcessMark.isGone(mark))
        #expect(ProcessMark.isGone("\(parts[0]):\(parts[1]):1"))
        #expect(ProcessMark.isGone("\(parts[0]):99999999:1"))
        #expect(!ProcessMark.isGone("0123456789abcdef:99999999:1"))
        for strange in ["", "::", "\(parts[0]):-1:1", "\(parts[0]):0:1"] { #expect(!ProcessMark.isGone(strange)) }
    }
}
