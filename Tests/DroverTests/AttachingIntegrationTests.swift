import FoundationEssentials
import Language
import Support
import Testing

/// What a kill, a broken connection or a gateway's 504 cuts off while documents are attached, on real servers: whatever
/// happens at whichever request, the next apply leaves every document attached once and found by a search. So it does where
/// the store is made, and a document uploaded.
@Suite(.serialized) struct AttachingIntegrationTests {
    private static let tested: [MatrixIntegrationTests.Generation] = [.ogx, .v02]
    private static let documents = 3
    /// How many stacks live at a time: most of the time each waits for the server.
    private static let rounds = 6

    /// What goes wrong, when, and at which of the requests about a store.
    private struct Fault {
        let act: String
        let when: String
        let number: Int
        /// A pattern of the paths of other requests, of which that one is meant.
        var of: String?

        /// Some acts at requests that make something: a store, and one of the uploads.
        static let making: [Fault] = [("/vector_stores$", 1), ("/v1/files$", 2)].flatMap { of, number -> [Fault] in
            [("kill", "during"), ("break", "after"), ("504", "after")].map { act, when in
                Fault(act: act, when: when, number: number, of: of)
            }
        }

        /// Every act, at every time, at each of so many requests.
        static func all(of requests: Int) -> [Fault] {
            (1...requests).flatMap { number in
                ["kill", "break", "504"].flatMap { act in
                    ["before", "during", "after"].map { Fault(act: act, when: $0, number: number) }
                }
            }
        }

        func json(_ pid: String) -> String {
            var value: [String: Value] = [
                "act": .string(act), "when": .string(when), "number": .integer(number), "pid": .string(pid),
            ]
            value["of"] = of.map { .string($0) }
            return Value.object(value).canonicalJSON
        }
    }

    @Test("Whatever cuts an attachment off, the next apply leaves each document once, and found", arguments: tested)
    func cutOff(generation: MatrixIntegrationTests.Generation) async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
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
            let place = Place(
                directory: directory, gateway: "http://127.0.0.1:\(try await Self.port(directory))",
                server: server + generation.prefix)
            let requests = try await Stack(0, at: place, Self.documents).requests()
            #expect(requests >= Self.documents, "Each document is attached by a request of its own.")
            let faults = Fault.all(of: requests) + Fault.making
            try await withThrowingTaskGroup(of: Void.self) { rounds in
                for (index, fault) in faults.enumerated() {
                    if index >= Self.rounds { try await rounds.next() }
                    rounds.addTask {
                        let stack = try Stack(index + 1, at: place, Self.documents)
                        try await stack.live(through: fault.json(stack.pid))
                        try await stack.check("\(generation.rawValue), \(fault)")
                    }
                }
                try await rounds.waitForAll()
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

    /// Where the stacks live.
    private struct Place {
        let directory: String
        let gateway: String
        let server: String
    }

    /// One stack with one store, in a directory of its own, with documents that no other has.
    private struct Stack {
        private let name: String
        private let documents: Int
        private let directory: String
        private let drover: DroverProgram
        private let gateway: String
        private let server: String

        var pid: String { "\(directory)/drover.pid" }

        init(_ number: Int, at place: Place, _ documents: Int) throws {
            name = "round-\(number)"
            self.documents = documents
            directory = "\(place.directory)/\(name)"
            drover = DroverProgram(in: directory)
            gateway = "\(place.gateway)/\(name)"
            server = place.server
            try FileManager.default.createDirectory(atPath: "\(directory)/docs", withIntermediateDirectories: true)
            for document in 1...documents {
                let text = "Document \(document) of \(name) tells of item \(document * 7_919 % 10_007).\n"
                try Data(text.utf8).write(to: URL(filePath: "\(directory)/docs/\(name)-\(document)-.txt"))
            }
            let spec = """
                drover: v1
                stack: \(name)
                vectorStores:
                  \(name): {embeddingModel: lab-embed/embed, embeddingDimension: 384, documents: ["docs/*.txt"]}

                """
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/spec.yaml"))
        }

        /// Applies with nothing going wrong.
        /// - Returns: How many requests about the store that takes.
        func requests() async throws -> Int {
            _ = try await set("{}")
            let whole = try await run("apply", "--yes")
            try #require(whole.code == 0, "\(whole.output)\(whole.errors)")
            let count = try #require(try await set("{}")["count"]?.integer)
            try await check("nothing goes wrong")
            return count
        }

        /// Applies while something goes wrong, and at once again; then the plan is empty.
        func live(through fault: String) async throws {
            _ = try await set(fault)
            let first = try await run("apply", "--yes")
            let told = try await set("{}")
            #expect(told["went_wrong"] == .bool(true), "\(fault): \(first.output)\(first.errors)")
            let again = try await run("apply", "--yes")
            try #require(again.code == 0, "\(fault): \(again.output)\(again.errors)")
            let plan = try await run("plan", "--exit-code")
            #expect(plan.code == 0, "\(fault): \(plan.output)\(plan.errors)")
        }

        /// Looks at the server itself, and destroys the stack.
        func check(_ when: Comment) async throws {
            let all = try await ask("\(server)/vector_stores?limit=100")["data"]?.array ?? []
            let stores = all.filter { $0["name"]?.string == name }
            #expect(stores.count == 1, when)
            let store = try #require(stores.first?["id"]?.string, when)
            #expect(stores.first?["file_counts"]?["total"]?.integer == documents, when)
            let listed = try await ask("\(server)/vector_stores/\(store)/files?limit=100")["data"]?.array ?? []
            #expect(Set(listed.compactMap { $0["id"]?.string }).count == documents && listed.count == documents, when)
            #expect(try await files() == documents, when)
            for file in listed {
                let filter: Value = ["type": "eq", "key": "drover", "value": file["attributes"]?["drover"] ?? ""]
                let query: Value = ["query": "item", "max_num_results": 5, "filters": filter]
                let found = try await ask("\(server)/vector_stores/\(store)/search", query.canonicalJSON)
                #expect(found["data"]?.array?.count == 1, "\(file["id"] ?? ""): \(when)")
            }
            let gone = try await run("destroy", "--yes")
            #expect(gone.code == 0, "\(gone.output)\(gone.errors)")
            #expect(try await files() == 0, when)
        }

        /// The number of its files on the server.
        private func files() async throws -> Int {
            let files = try await ask("\(server)/files")["data"]?.array ?? []
            return files.count { $0["filename"]?.string?.contains("\(name)-") == true }
        }

        private func set(_ fault: String) async throws -> Value {
            try await ask("\(gateway)/_fault", fault)
        }

        private func run(_ command: String, _ more: String...) async throws -> DroverProgram.Ended {
            let words = [command, "spec.yaml", "--record", "file:record.json", "--llamastack-url", gateway] + more
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
