import Engine
import Foundation
import Language
import Records
import Testing

@Suite("FileRecord")
struct FileRecordTests {
    private let path = URL.temporaryDirectory.appending(path: "drover-record-\(UUID().uuidString)/deep/shop.json").path

    private static let entry = Record.Entry(fields: ["tags.team": "support"], onDelete: .retain, protect: true)

    @Test("What was written is read again, by another one too")
    func roundTrip() async throws {
        let record = FileRecord(path: path)
        #expect(try await record.load() == Record())
        try await record.save(["boxes.a": Self.entry])
        try await record.open(["documents": [1, "zwei", true]], for: Address("boxes", "a"))
        try await record.open(["x": 1], for: Address("boxes", "b"))
        try await record.close(intentOf: Address("boxes", "b"))
        let read = try await FileRecord(path: path).load()
        #expect(
            read == Record(entries: ["boxes.a": Self.entry], intents: ["boxes.a": ["documents": [1, "zwei", true]]]))
    }

    @Test("Writing leaves nothing but the whole file")
    func atomic() async throws {
        let record = FileRecord(path: path)
        for _ in 0..<3 { try await record.save(["boxes.a": Self.entry]) }
        let folder = URL(filePath: path).deletingLastPathComponent().path
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["shop.json"])
    }

    @Test(
        "A file that holds another stack's record is refused, and stays as it is; one that does not say whose it is is taken"
    )
    func anotherStack() async throws {
        let shop = StackName("shop")
        try await FileRecord(path: path).save(["boxes.a": Self.entry])
        try await FileRecord(path: path, stack: shop).save(["boxes.b": Self.entry])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let other = FileRecord(path: path, stack: StackName("bakery"))
        let attempts: [() async throws -> Void] = [
            { _ = try await other.load() }, { try await other.save([:]) }, { try await other.replace(with: Record()) },
            { _ = try await other.history() },
        ]
        for attempt in attempts {
            let thrown = await #expect(throws: Diagnostic.self) { try await attempt() }
            #expect(thrown?.code.name == "record-of-another-stack" && thrown?.cause == .conflict)
            #expect(thrown?.detail.contains("`shop`") == true)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        try await FileRecord(path: path, stack: shop).save([:])
        try await other.save(["boxes.c": Self.entry])
        await #expect(throws: Diagnostic.self) { try await FileRecord(path: path, stack: shop).load() }
    }

    @Test("Who lost the lock writes nothing any more")
    func lockLost() async throws {
        let (gate, lock) = (LeaseGate(), FileLock(beside: path))
        let record = FileRecord(path: path, gate: gate)
        let holder = LockHolder(id: "1", name: "anna", host: "here", purpose: "apply")
        let thrown = await #expect(throws: Diagnostic.self) {
            try await lock.holding(as: holder, LockTerms(timeout: .zero), gate: gate) {
                try await record.save(["boxes.a": Self.entry])
                try await lock.unlock(1, by: "ben")
                try await record.save([:])
            }
        }
        #expect(thrown?.cause == .locked)
        #expect(try await record.load().entries.keys.sorted() == ["boxes.a"])
    }

    @Test("A damaged record is told, and stays until it is made again", arguments: ["", "{", "{\"entries\": 7}"])
    func unreadable(text: String) async throws {
        let file = URL(filePath: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        let record = FileRecord(path: path)
        let load = await #expect(throws: Diagnostic.self) { try await record.load() }
        #expect(load?.code.name == "record-unreadable" && load?.cause == .unavailable)
        let save = await #expect(throws: Diagnostic.self) { try await record.save([:]) }
        #expect(save?.code.name == "record-unreadable")
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
        try await record.replace(with: Record(entries: ["boxes.a": Self.entry]))
        #expect(try await record.load().entries.keys.sorted() == ["boxes.a"])
    }

    @Test(
        "A file of somebody's is told, and never replaced",
        arguments: ["[1]", "drover: v1\nstack: shop\n", "{\"drover\": \"v1\", \"entries\": {}}", "x"])
    func foreign(text: String) async throws {
        let file = URL(filePath: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        let record = FileRecord(path: path)
        let attempts: [() async throws -> Void] = [
            { _ = try await record.load() }, { try await record.save([:]) },
            { try await record.replace(with: Record()) },
        ]
        for attempt in attempts {
            let thrown = await #expect(throws: Diagnostic.self) { try await attempt() }
            #expect(thrown?.code.name == "not-a-record" && thrown?.cause == .usage)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    @Test("A folder in the file's place is told, not taken for an empty record")
    func folder() async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let thrown = await #expect(throws: Diagnostic.self) { try await FileRecord(path: path).load() }
        #expect(thrown?.code.name == "not-a-record" && thrown?.cause == .usage)
        #expect(thrown?.detail == "`\(path)` is a folder, and a record is a file.")
        #expect(thrown?.fix == "Name a file, such as `\(path)/stack.record.json`.")
        let replaced = await #expect(throws: Diagnostic.self) {
            try await FileRecord(path: "\(path)/").replace(with: Record())
        }
        #expect(replaced?.code.name == "not-a-record" && replaced?.fix == thrown?.fix)
    }

    @Test("What somebody else wrote or edited meanwhile is read, not what was written last")
    func readAgain() async throws {
        let record = FileRecord(path: path)
        try await record.save(["boxes.a": Record.Entry(fields: ["size": 1])])
        try await record.open(["keys": ["a"]], for: Address("boxes", "a"))
        #expect(try await record.load().entries.keys.sorted() == ["boxes.a"])
        try await FileRecord(path: path).save(["boxes.b": Record.Entry(fields: ["size": 2])])
        #expect(try await record.load().entries.keys.sorted() == ["boxes.b"])
        try await record.close(intentOf: Address("boxes", "a"))
        let closed = try await FileRecord(path: path).load()
        #expect(closed.entries.keys.sorted() == ["boxes.b"] && closed.intents.isEmpty)
        try Data("{".utf8).write(to: URL(filePath: path))
        await #expect(throws: Diagnostic.self) { try await record.load() }
    }

    @Test("A place that cannot be written is told")
    func notWritable() async throws {
        let thrown = await #expect(throws: Diagnostic.self) {
            try await FileRecord(path: "/dev/null/shop.json").save([:])
        }
        #expect(thrown.map { ["record-not-writable", "record-unreadable"].contains($0.code.name) } == true)
    }

    @Test("The history keeps the newest hundred applies")
    func history() async throws {
        let record = FileRecord(path: path)
        for number in 1...105 {
            try await record.log(
                HistoryEntry(
                    command: "apply \(number)", specDigest: "", gitCommit: nil, actor: "me", startedAt: 1,
                    finishedAt: 2,
                    succeeded: true, results: []), leaving: nil)
        }
        let content = try Value(json: Data(contentsOf: URL(filePath: path)))
        let commands = (content["history"]?.array ?? []).compactMap { $0["command"]?.string }
        #expect(commands.count == 100)
        #expect(commands.first == "apply 6" && commands.last == "apply 105")
    }
}
