import Fakes
import Foundation
import Language
import Support
import Synchronization
import Testing
import Wire

@Suite("Bodies with a file in them")
struct FileBodyTests {
    private static let size = 3 * OpenFile.pieceSize + 5

    /// Uploads the file to a fake behind a real socket, after something happened to it.
    /// - Returns: The files that the server has then.
    private func upload(_ change: (URL) throws -> Void) async throws -> [FakeFile] {
        let ogx = FakeOGX()
        try await withTemporaryDirectory { directory in
            let path = URL(filePath: "\(directory)/file")
            try Data((0..<Self.size).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: path)
            let file = try FileDigests().content(ofFileAt: path.path)
            try change(path)
            try await LoopbackServer.withServer(serving: ogx) { base in
                try await AsyncHTTPTransport.withTransport { transport in
                    let endpoint = Endpoint(service: "OGX", base: base, transport: transport)
                    _ = try await LlamaStack.connect(to: endpoint).files.upload(file, path: "docs/file.md")
                }
            }
        }
        return ogx.files
    }

    @Test("The file arrives as it is, under the name of its path")
    func whole() async throws {
        let files = try await upload { _ in }
        #expect(files.map(\.filename) == ["docs__file.md"])
        #expect(files.map(\.bytes) == [(0..<Self.size).map { UInt8(truncatingIfNeeded: $0 &* 7) }])
    }

    @Test("A file that changed is told, and no server gets it whole", arguments: ["other", "shorter", "longer"])
    func changed(how: String) async throws {
        let error = await #expect(throws: FileBody.Failure.self) {
            let files = try await upload { path in
                let count = how == "other" ? Self.size : how == "shorter" ? 10 : Self.size + 1
                try Data(repeating: 0x61, count: count).write(to: path)
            }
            Issue.record("The server has \(files.count) files.")
        }
        #expect(error == .changed)
    }

    @Test(
        "Without anything around the file, the last piece leaves only when the file is what it was",
        arguments: [0, 1, OpenFile.pieceSize, OpenFile.pieceSize + 1])
    func bare(size: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = URL(filePath: "\(directory)/file")
            try Data(repeating: 0x61, count: size).write(to: path)
            let body = FileBody(file: try FileDigests().content(ofFileAt: path.path))
            #expect(try body.collected() == [UInt8](repeating: 0x61, count: size) && body.size == size)
            try Data(repeating: 0x62, count: max(size, 1)).write(to: path)
            guard size > 0 else { return }
            #expect(throws: FileBody.Failure.changed) { try body.collected() }
        }
    }

    @Test("A file that is gone is told")
    func gone() async throws {
        let error = await #expect(throws: FileBody.Failure.self) {
            _ = try await upload { try FileManager.default.removeItem(at: $0) }
        }
        #expect(error == .unreadable(.missing))
    }
}
