import FoundationEssentials
import Language
import Support
import Testing

/// Documents that are brought to the real OGX at the same time, while it is killed.
@Suite(.serialized) struct DocumentsIntegrationTests {
    private static let count = 40

    @Test("What a server lost that was killed while documents were brought is there after the next apply, and stays")
    func killed() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try write(directory)
            do {
                try await Self.start(drover)
                try await story(drover, directory)
            } catch {
                _ = try await drover("lab", "down", "--purge")
                throw error
            }
            _ = try await drover("lab", "down", "--purge")
        }
    }

    private func story(_ drover: DroverProgram, _ directory: String) async throws {
        async let applying = drover("apply", "spec.yaml", "--yes", "--record", "file:record.json")
        try await Self.wait(for: 12, Server(drover, directory))
        try await Self.kill(drover, directory)
        let cut = try await applying
        #expect(cut.code == 6, "\(cut.output)\(cut.errors)")

        try await Self.start(drover)
        let plan = try await drover("plan", "spec.yaml", "--record", "file:record.json")
        #expect(plan.output.contains("interrupted run"), "\(plan.output)\(plan.errors)")
        let apply = try await drover("apply", "spec.yaml", "--yes", "--record", "file:record.json")
        try #require(apply.code == 0, "\(apply.output)\(apply.errors)")
        try await Self.kill(drover, directory)

        try await Self.start(drover)
        let rest = try await drover("plan", "spec.yaml", "--exit-code", "--record", "file:record.json")
        #expect(rest.code == 0, "\(rest.output)\(rest.errors)")
        let server = try Server(drover, directory)
        let files = try await server.files()
        #expect(files.count == Self.count)
        for file in files {
            let found = try await server.isFound(file)
            #expect(found, "\(file) cannot be found after the restart.")
        }
    }

    private func write(_ directory: String) throws {
        try FileManager.default.createDirectory(atPath: "\(directory)/docs", withIntermediateDirectories: true)
        for number in 1...Self.count {
            let text = "Document \(number) tells of item \(number * 7_919 % 10_007).\n"
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/docs/\(number).txt"))
        }
        let spec = """
            drover: v1
            stack: killed
            vectorStores: {handbook: {embeddingModel: lab-embed/embed, documents: ["docs/*.txt"]}}

            """
        try Data(spec.utf8).write(to: URL(filePath: "\(directory)/spec.yaml"))
    }

    private static func start(_ drover: DroverProgram) async throws {
        let up = try await drover("lab", "up", "--start-limit", "240")
        try #require(up.code == 0, "\(up.output)\(up.errors)")
    }

    /// Ends the server as nobody can prevent.
    private static func kill(_ drover: DroverProgram, _ directory: String) async throws {
        let processes = try #require(try lab(directory)["processes"]?.array)
        let server = processes.first { $0["name"]?.string == "llamastack" }
        let pid = try #require(server?["pid"]?.integer)
        let ended = try await drover.run("/usr/bin/env", ["kill", "-9", "\(pid)"])
        try #require(ended.code == 0, "\(ended.errors)")
    }

    /// Waits until so many documents are listed.
    private static func wait(for count: Int, _ server: Server) async throws {
        for _ in 0..<240 {
            if try await server.files().count >= count { return }
            try await Task.sleep(for: .milliseconds(250))
        }
        Issue.record("The server lists no \(count) documents within a minute.")
    }

    fileprivate static func lab(_ directory: String) throws -> Value {
        try Value(json: try #require(FileManager.default.contents(atPath: "\(directory)/.drover/lab.json")))
    }

    /// The store as the server has it.
    private struct Server {
        private let drover: DroverProgram
        private let url: String

        init(_ drover: DroverProgram, _ directory: String) throws {
            self.drover = drover
            url = try #require(try DocumentsIntegrationTests.lab(directory)["llamastack"]?["url"]?.string)
        }

        /// The marks of what is listed; none while there is no store.
        func files() async throws -> [String] {
            guard let store = try await store() else { return [] }
            let listed = try await ask("/v1/vector_stores/\(store)/files?limit=100")["data"]?.array ?? []
            return listed.compactMap { $0["attributes"]?["drover"]?.string }
        }

        func isFound(_ mark: String) async throws -> Bool {
            let store = try #require(try await store())
            let body: Value = [
                "query": "item", "max_num_results": 1,
                "filters": ["type": "eq", "key": "drover", "value": .string(mark)],
            ]
            let answer = try await ask(
                "/v1/vector_stores/\(store)/search", "-H", "content-type: application/json", "-d", body.canonicalJSON)
            return answer["data"]?.array?.isEmpty == false
        }

        private func store() async throws -> String? {
            try await ask("/v1/vector_stores")["data"]?.array?.first?["id"]?.string
        }

        private func ask(_ path: String, _ more: String...) async throws -> Value {
            let answer = try await drover.run("/usr/bin/env", ["curl", "-s", "\(url)\(path)"] + more)
            return answer.code == 0 ? try Value(json: answer.output.utf8) : .null
        }
    }
}
