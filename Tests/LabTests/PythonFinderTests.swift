import FoundationEssentials
import Language
import Testing

@testable import Lab

@Suite struct PythonFinderTests {
    private func finder(_ answers: [String: String], pyenv: String? = nil) -> PythonFinder {
        PythonFinder(pyenv: pyenv) { words in
            answers[words[0]] ?? answers[words.joined(separator: " ")]
        }
    }

    @Test("The tried version wins over others, and a shim that fails is passed over")
    func order() async throws {
        let both = finder(["python3.12": "/a/python3.12\n3.12", "python3.13": "/a/python3.13\n3.13"])
        #expect(try await both.find() == .init(path: "/a/python3.12", version: "3.12"))
        let shim = finder(["python3": "/b/python3\n3.13"])
        #expect(try await shim.find().path == "/b/python3")
    }

    @Test("A Python of another version does not do")
    func version() async {
        let finder = finder(["python3": "/usr/bin/python3\n3.10"])
        await #expect(throws: Diagnostic.self) { try await finder.find() }
    }

    @Test("Versions of pyenv are tried where the search path has none, the newest patch first")
    func pyenv() async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "drover-pyenv-\(UUID().uuidString)").path
        for version in ["3.11.9", "3.12.1", "3.12.4"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/versions/\(version)", withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = "\(root)/versions/3.12.4/bin/python3"
        #expect(try await finder([path: "\(path)\n3.12"], pyenv: root).find().path == path)
    }

    @Test("uv is asked last; without anything the fix names the command that installs one")
    func uv() async throws {
        let uv = ["uv": "uv 0.9", "/uv/python": "/uv/python\n3.12"]
        let found = PythonFinder(pyenv: nil) { words in
            words == ["uv", "python", "find", "3.12"] ? "/uv/python" : uv[words[0]]
        }
        #expect(try await found.find().path == "/uv/python")
        let error = await #expect(throws: Diagnostic.self) { try await finder(["uv --version": "uv 0.9"]).find() }
        #expect(error?.fix == "Run `uv python install 3.12`.")
    }
}
