import Foundation
import Support
import Testing

@testable import Language

@Suite("Digests that are kept from one run to the next")
struct DigestCacheTests {
    /// Writes a file that was left alone for a while; the time of its last change is another one for each call.
    private static func write(_ text: String, _ path: String, age: TimeInterval = 10) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
    }

    /// What a run hashes of some files, and what it takes their contents for.
    private static func run(_ directory: String, _ paths: [String]) throws -> (hashed: Int, digests: [String]) {
        let digests = FileDigests(keptIn: "\(directory)/cache", root: directory)
        digests.read(paths)
        let contents = try paths.map { try digests.content(ofFileAt: $0).sha256 }
        digests.save()
        return (digests.hashedCount, contents)
    }

    @Test("A second run hashes nothing of what was not touched, and everything that was, however it was")
    func twice() async throws {
        try await withTemporaryDirectory { directory in
            let paths = (1...6).map { "\(directory)/\($0).txt" }
            for path in paths { try Self.write("text of \(path)", path) }
            // Nobody can set the time of a change: it has to pass.
            try await Task.sleep(for: .seconds(2.1))
            let first = try Self.run(directory, paths)
            #expect(first.hashed == 6)
            let second = try Self.run(directory, paths)
            #expect(second.hashed == 0 && second.digests == first.digests)

            // Another content of the same size at the same time, another file in its place, another time, another size.
            let date = try #require(
                try FileManager.default.attributesOfItem(atPath: paths[0])[.modificationDate] as? Date)
            try Data("TEXT of \(paths[0])".utf8).write(to: URL(filePath: paths[0]))
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: paths[0])
            try FileManager.default.moveItem(atPath: paths[1], toPath: paths[1] + ".old")
            try FileManager.default.copyItem(atPath: paths[1] + ".old", toPath: paths[1])
            try Self.write("text of \(paths[2])", paths[2], age: 5)
            try Self.write("longer text", paths[3])
            let third = try Self.run(directory, paths)
            #expect(third.hashed == 4)
            #expect(third.digests[0] == sha256Hex("TEXT of \(paths[0])".utf8))
            #expect(third.digests[1] == first.digests[1] && third.digests[2] == first.digests[2])
            #expect(third.digests[3] == sha256Hex("longer text".utf8))
            #expect(third.digests[4...] == first.digests[4...])
        }
    }

    @Test("A file from a time that nanoseconds cannot tell is hashed each time")
    func farFuture() async throws {
        try await withTemporaryDirectory { directory in
            for year in [240.0, 400] {
                let path = "\(directory)/a.txt"
                try Self.write("text", path, age: -year * 366 * 86_400)
                #expect(try Self.run(directory, [path]).hashed == 1)
                #expect(try Self.run(directory, [path]).hashed == 1)
            }
        }
    }

    @Test("A file that was just written is hashed again: it may change once more without a trace")
    func fresh() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/a.txt"
            try Self.write("text", path)
            #expect(try Self.run(directory, [path]).hashed == 1)
            #expect(try Self.run(directory, [path]).hashed == 1)
            try await Task.sleep(for: .seconds(2.1))
            #expect(try Self.run(directory, [path]).hashed == 1)
            #expect(try Self.run(directory, [path]).hashed == 0)
        }
    }

    @Test("After the clock went back, what is newer than now is hashed each time, and what changes is seen")
    func clockBack() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/a.txt"
            try Self.write("text", path, age: -3600)
            try await Task.sleep(for: .seconds(2.1))
            #expect(try Self.run(directory, [path]).hashed == 1)
            #expect(try Self.run(directory, [path]).hashed == 1)
            try Self.write("next", path, age: 10)
            try await Task.sleep(for: .seconds(2.1))
            #expect(try Self.run(directory, [path]).digests == [sha256Hex("next".utf8)])
            #expect(try Self.run(directory, [path]).hashed == 0)
            // Of the same size, an hour older than what was hashed.
            try Self.write("last", path, age: 3600)
            #expect(try Self.run(directory, [path]).digests == [sha256Hex("last".utf8)])
        }
    }

    @Test("A cache that is damaged, of another version or not writable costs time and nothing else")
    func damaged() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/a.txt"
            try Self.write("text", path)
            try await Task.sleep(for: .seconds(2.1))
            _ = try Self.run(directory, [path])
            let cache = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/cache").first)
            let file = "\(directory)/cache/\(cache)"
            let good = try String(contentsOfFile: file, encoding: .utf8)
            for bad in ["", "{", "[]", good.replacing("\"version\":1", with: "\"version\":2")] {
                try Data(bad.utf8).write(to: URL(filePath: file))
                #expect(try Self.run(directory, [path]).hashed == 1)
                #expect(try Self.run(directory, [path]).hashed == 0, "It is written anew.")
            }
            let digests = FileDigests(keptIn: "\(path)/nowhere", root: directory)
            #expect(try digests.content(ofFileAt: path).sha256 == sha256Hex("text".utf8))
            digests.save()
            // Each spec has its own, and none is kept where none is wanted.
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/cache") == [cache])
        }
    }

    @Test("Files that are gone leave the cache when something new comes into it")
    func gone() async throws {
        try await withTemporaryDirectory { directory in
            let (old, new) = ("\(directory)/old.txt", "\(directory)/new.txt")
            for path in [old, new] { try Self.write("text", path) }
            try await Task.sleep(for: .seconds(2.1))
            _ = try Self.run(directory, [old])
            try FileManager.default.removeItem(atPath: old)
            _ = try Self.run(directory, [new])
            let cache = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/cache").first)
            let text = try String(contentsOfFile: "\(directory)/cache/\(cache)", encoding: .utf8)
            #expect(text.contains("new.txt") && !text.contains("old.txt"))
        }
    }
}
