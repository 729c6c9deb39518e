import FoundationEssentials
import Language
import Testing

@testable import Lab

@Suite struct LabFileTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "drover-lab-\(UUID().uuidString)")
        .path

    private func blueprint(_ settings: LabSettings, name: String = "default") -> Blueprint {
        Blueprint(
            place: LabPlace(directory: directory, name: name), settings: settings,
            ports: [.llamastack: 1001, .mlflow: 1002, .model: 1003, .mcp: 1004], executable: "/bin/drover",
            mlflow: "/env/mlflow", llamastack: "/env/ogx", configuration: "version: 2\n")
    }

    @Test("What is written is read back; a stopped lab is none")
    func roundTrip() throws {
        let plan = blueprint(LabSettings(script: "/a/model.yaml"))
        try plan.place.create()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try LabFile.read(from: directory) == nil)
        var file = LabFile(plan, keeping: [])
        file[.mlflow] = LabFile.Process(
            name: .mlflow, pid: 12, startTime: "3@x", port: 1002, log: "/l", digest: "d", startupSeconds: 1.5)
        try file.write(to: plan.place.file)
        let read = try #require(try LabFile.read(from: directory))
        #expect(read == file)
        #expect(read.llamastackURL == "http://127.0.0.1:1001")
        #expect(read.modelURL == "http://127.0.0.1:1003/v1")
        #expect(read.environment["DROVER_LAB_MCP_URL"] == "http://127.0.0.1:1004/mcp")
        #expect(read.isScripted)
        #expect(try LabFile.read(from: directory, name: "other") == nil)
    }

    @Test("A file that is not ours is one clear error")
    func broken() throws {
        let place = LabPlace(directory: directory)
        try place.create()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("{}".utf8).write(to: URL(filePath: place.file))
        let error = #expect(throws: Diagnostic.self) { try LabFile.read(from: directory) }
        #expect(error?.code == "lab-file-unreadable")
    }

    @Test("A real model takes the place of the scripted one, and the lab's embeddings stay unless one is named")
    func realModel() {
        let own = blueprint(LabSettings(realModel: .init(url: "http://h:1/", model: "m"))).program(of: .llamastack)
        #expect(own.environment["DROVER_LAB_CHAT_URL"] == "http://h:1/v1")
        #expect(own.environment["DROVER_LAB_CHAT_MODEL"] == "m")
        #expect(own.environment["DROVER_LAB_EMBEDDING_URL"] == "http://127.0.0.1:1003/v1")
        let model = LabSettings.RealModel(
            url: "http://h:1/v1", model: "m", embeddingModel: "e", embeddingDimension: 768)
        let both = blueprint(LabSettings(realModel: model)).program(of: .llamastack)
        #expect(both.environment["DROVER_LAB_EMBEDDING_URL"] == "http://h:1/v1")
        #expect(both.environment["DROVER_LAB_EMBEDDING_DIMENSION"] == "768")
    }

    @Test("Another script means another program for the model and for no other server")
    func digests() {
        let one = blueprint(LabSettings()), two = blueprint(LabSettings(script: "/a.yaml"))
        let changed = LabServer.allCases.filter { one.program(of: $0).digest != two.program(of: $0).digest }
        #expect(changed == [.model])
    }

    @Test("Nothing that could configure a server is inherited, and loopback never goes through a proxy")
    func inherited() {
        let environment = [
            "PATH": "/bin", "MLFLOW_TRACKING_URI": "x", "HTTP_PROXY": "y", "PYTHONPATH": "z", "LC_ALL": "C",
        ]
        #expect(
            Blueprint.inherited(from: environment)
                == [
                    "PATH": "/bin", "LC_ALL": "C", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
                ])
    }
}
