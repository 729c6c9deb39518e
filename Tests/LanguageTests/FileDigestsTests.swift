import Foundation
import Language
import Support
import Testing

@Suite("Digests of files")
struct FileDigestsTests {
    @Test("A file of several pieces has the digest of its bytes", arguments: [0, 1, OpenFile.pieceSize * 2 + 17])
    func pieces(size: Int) async throws {
        try await withTemporaryDirectory { directory in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try Data(bytes).write(to: URL(filePath: "\(directory)/file"))
            let content = try FileDigests().content(ofFileAt: "\(directory)/file")
            #expect(content == FileContent(path: "\(directory)/file", size: size, sha256: sha256Hex(bytes)))
        }
    }

    @Test("A file is read once: a run sees one content of it")
    func once() async throws {
        try await withTemporaryDirectory { directory in
            let digests = FileDigests()
            let paths = (1...8).map { "\(directory)/\($0)" }
            for path in paths { try Data(path.utf8).write(to: URL(filePath: path)) }
            digests.read(paths)
            for path in paths {
                try Data("changed".utf8).write(to: URL(filePath: path))
                #expect(try digests.content(ofFileAt: path).sha256 == sha256Hex(path.utf8))
            }
        }
    }

    @Test("What cannot be read is told, also when it was read among others")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let digests = FileDigests()
            digests.read([directory, "\(directory)/none"])
            #expect(throws: FileBytes.Failure.directory) { try digests.content(ofFileAt: directory) }
            #expect(throws: FileBytes.Failure.missing) { try digests.content(ofFileAt: "\(directory)/none") }
        }
    }

    @Test("A new file is made once, and knows the digest of what was written into it")
    func newFile() async throws {
        var gone = ""
        try await withTemporaryPath { path in
            gone = path
            let file = try NewFile(path)
            for piece in ["one ", "two"] { try Array(piece.utf8).withUnsafeBytes { try file.write($0) } }
            #expect(file.content == FileContent(path: path, size: 7, sha256: sha256Hex("one two".utf8)))
            #expect(try FileDigests().content(ofFileAt: path) == file.content)
            #expect(throws: FileBytes.Failure.self) { try NewFile(path) }
        }
        #expect(!FileManager.default.fileExists(atPath: gone))
    }
}
