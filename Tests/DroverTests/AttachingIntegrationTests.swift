import FoundationEssentials
import Language
import Support
import Testing

/// Attachments that a kill, a broken connection or a gateway's 504 cuts off, on real servers: whatever happens, the next apply
/// leaves every document attached once and found by a search.
@Suite(.serialized) struct AttachingIntegrationTests {
    private static let tested: [MatrixIntegrationTests.Generation] = [.ogx, .v02]
    private static let documents = 3

    /// What goes wrong, when, and at which attachment.
    private struct Fault {
        let act: String
        let when: String
        let number: Int

        /// Every act at every time, and all attachments in turn.
        static let all = ["kill", "break", "504"].enumerated().flatMap { index, act in
            ["before", "during", "after"].enumerated().map { place, when in
                Fault(act: act, when: when, number: (index + place) % documents + 1)
            }
        }

        func json(_ pid: String) -> String {
            let value: Value = [
                "act": .string(act), "when": .string(when), "number": .integer(number), "pid": .string(pid),
            ]
            return value.canonicalJSON
        }
    }

    @Test("Whatever cuts an attachment off, the next apply leaves each document once, and found", arguments: tested)
    func cutOff(generation: MatrixIntegrationTests.Generation) async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try write(directory)
            let up = try await drover("lab", "up", "--stack", generation.rawValue, "--start-limit", "240")
            try #require(up.code == 0, "\(up.output)\(up.errors)")
            do {
                try await story(drover, generation, directory)
            } catch {
                _ = try await drover("lab", "down", "--purge")
                throw error
            }
            _ = try await drover("lab", "down", "--purge")
        }
    }

    private func story(
        _ drover: DroverProgram, _ generation: MatrixIntegrationTests.Generation, _ directory: String
    ) async throws {
        let lab = try Value(json: try #require(FileManager.default.contents(atPath: "\(directory)/.drover/lab.json")))
        let server = try #require(lab["llamastack"]?["url"]?.string)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let script = "\(packageRoot)/Tests/Python/faulty_gateway.py"
                _ = try await drover.run(
                    "/bin/sh", ["-c", "echo $$ > gateway.pid; exec python3 \"$0\" \"$1\" port", script, server])
            }
            let gateway = "http://127.0.0.1:\(try await Self.port(directory))"
            for (round, fault) in Fault.all.enumerated() {
                let stack = Stack(
                    drover: drover, directory: directory, gateway: gateway, server: server + generation.prefix,
                    name: "round-\(round)")
                try await stack.live(through: fault.json("\(directory)/drover.pid"))
                try await stack.check(Self.documents, "\(generation), \(fault)")
            }
            _ = try await drover.run("/bin/sh", ["-c", "kill \"$(cat gateway.pid)\""])
        }
    }

    private static func port(_ directory: String) async throws -> String {
        for _ in 0..<100 {
            if let port = FileManager.default.contents(atPath: "\(directory)/port") {
                return String(decoding: port, as: UTF8.self)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Absent()
    }

    private struct Absent: Error {}

    private func write(_ directory: String) throws {
        try FileManager.default.createDirectory(atPath: "\(directory)/docs", withIntermediateDirectories: true)
        for number in 1...Self.documents {
            let text = "Document \(number) tells of item \(number * 7_919 % 10_007).\n"
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/docs/\(number).txt"))
        }
    }

    /// One stack with one store, as the server has it.
    private struct Stack {
        let drover: DroverProgram
        let directory: String
        let gateway: String
        let server: String
        let name: String

        /// Applies while something goes wrong, and at once again; then the plan is empty.
        func live(through fault: String) async throws {
            let spec = """
                drover: v1
                stack: \(name)
                vectorStores:
                  handbook: {embeddingModel: lab-embed/embed, embeddingDimension: 384, documents: ["docs/*.txt"]}

                """
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/spec.yaml"))
            _ = try await ask("\(gateway)/_fault", fault)
            _ = try await run("apply", "--yes")
            let again = try await run("apply", "--yes")
            try #require(again.code == 0, "\(fault): \(again.output)\(again.errors)")
            let plan = try await run("plan", "--exit-code")
            #expect(plan.code == 0, "\(fault): \(plan.output)\(plan.errors)")
        }

        /// Looks at the server itself, and destroys the stack.
        func check(_ documents: Int, _ when: Comment) async throws {
            let stores = try await ask("\(server)/vector_stores")["data"]?.array ?? []
            #expect(stores.count == 1, when)
            let store = try #require(stores.first?["id"]?.string, when)
            #expect(stores.first?["file_counts"]?["total"]?.integer == documents, when)
            let listed = try await ask("\(server)/vector_stores/\(store)/files?limit=100")["data"]?.array ?? []
            #expect(Set(listed.compactMap { $0["id"]?.string }).count == documents && listed.count == documents, when)
            let files = try await ask("\(server)/files")["data"]?.array ?? []
            #expect(files.count == documents, when)
            for file in listed {
                let filter: Value = ["type": "eq", "key": "drover", "value": file["attributes"]?["drover"] ?? ""]
                let query: Value = ["query": "item", "max_num_results": 5, "filters": filter]
                let found = try await ask("\(server)/vector_stores/\(store)/search", query.canonicalJSON)
                #expect(found["data"]?.array?.count == 1, "\(file["id"] ?? ""): \(when)")
            }
            let gone = try await run("destroy", "--yes")
            #expect(gone.code == 0, "\(gone.output)\(gone.errors)")
            let left = try await ask("\(server)/files")["data"]?.array ?? []
            #expect(left.isEmpty, when)
        }

        private func run(_ command: String, _ more: String...) async throws -> DroverProgram.Ended {
            let words = [command, "spec.yaml", "--record", "file:\(name).json", "--llamastack-url", gateway] + more
            return try await drover.run(
                "/bin/sh", ["-c", "echo $$ > drover.pid; exec \"$0\" \"$@\"", DroverProgram.path] + words)
        }

        private func ask(_ url: String, _ body: String? = nil) async throws -> Value {
            let more = body.map { ["-H", "content-type: application/json", "-d", $0] } ?? []
            let answer = try await drover.run("/usr/bin/env", ["curl", "-s", url] + more)
            return answer.code == 0 && !answer.output.isEmpty ? try Value(json: answer.output.utf8) : .null
        }
    }
}
