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
            mlflow: "/env/mlflow", llamastack: "/env/ogx")
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
        #expect(read.model.url == "http://127.0.0.1:1003/v1")
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

    @Test("The labs of a directory are known by their files")
    func names() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "labs-\(UUID().uuidString)").path
        #expect(LabPlace.names(in: directory).isEmpty)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for name in ["default", "old-one"] {
            let place = LabPlace(directory: directory, name: name)
            try place.create()
            try Data("{}".utf8).write(to: URL(filePath: place.file))
        }
        try LabPlace(directory: directory, name: "stopped").create()
        #expect(LabPlace.names(in: directory) == ["default", "old-one"])
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

    @Test("What is said now wins over what a lab was started with; where the answers come from is one choice")
    func choices() {
        let previous = LabSettings(stack: .v0_2_24, script: "/a.yaml")
        #expect(LabChoice().settings(after: previous) == previous)
        #expect(LabChoice().settings(after: nil) == LabSettings())
        let real = LabSettings.RealModel(url: "http://h:1", model: "m")
        #expect(
            LabChoice(mlflow: .v3_5_1, answers: .init(realModel: real)).settings(after: previous)
                == LabSettings(stack: .v0_2_24, mlflow: .v3_5_1, realModel: real))
    }

    @Test("What an older drover wrote about a lab is still read")
    func older() throws {
        let settings = try JSONDecoder().decode(LabSettings.self, from: Data(#"{"script": "/a.yaml"}"#.utf8))
        #expect(settings == LabSettings(script: "/a.yaml"))
    }

    @Test("Two versions of a server share no data", arguments: LabStack.tested)
    func data(stack: LabStack) {
        let other: LabStack = stack == .ogx ? .v0_2_24 : .ogx
        #expect(
            blueprint(LabSettings(stack: stack)).data(of: .llamastack)
                != blueprint(LabSettings(stack: other)).data(of: .llamastack))
    }

    @Test("A configuration names only what the lab gives it, or what has a default", arguments: LabStack.tested)
    func configurations(stack: LabStack) {
        let environment = blueprint(LabSettings(stack: stack)).program(of: .llamastack).environment
        let named = stack.configuration.matches(of: /\$\{env\.(\w+)\}/).map { String($0.1) }
        #expect(named.count > 5)
        #expect(named.filter { environment[$0] == nil } == [])
    }

    @Test("Everything that is asked for is pinned, and nothing loosely", arguments: LabStack.tested)
    func pins(stack: LabStack) {
        for recipe in [stack.recipe, LabMLflow.v3_5_1.recipe, LabMLflow.v3_17_2.recipe] {
            let pins = recipe.pins.split(separator: "\n")
            #expect(pins.count > 50 && pins.allSatisfy { $0.contains(/^[a-z0-9-]+==[^ ;]+$/) })
            let names = pins.map { $0.prefix { $0 != "=" } }
            let asked = recipe.packages.map { $0.prefix { $0 != "=" && $0 != "[" } }
            #expect(asked.filter { !names.contains($0) } == [])
        }
    }

    @Test("An environment whose Python was removed is made again")
    func lostPython() throws {
        let files = FileManager.default
        let path = files.temporaryDirectory.appending(path: "drover-environment-\(UUID().uuidString)").path
        defer { try? files.removeItem(atPath: path) }
        try files.createDirectory(atPath: "\(path)/bin", withIntermediateDirectories: true)
        let recipe = LabMLflow.v3_17_2.recipe
        #expect(!PythonEnvironments.isFinished(path, for: recipe))
        for name in ["drover-finished", recipe.program, "python3"] {
            #expect(files.createFile(atPath: "\(path)/\(name)", contents: Data("#!/bin/sh\n".utf8)))
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
        }
        #expect(!PythonEnvironments.isFinished(path, for: recipe))
        try files.createSymbolicLink(atPath: "\(path)/bin/python", withDestinationPath: "../python3")
        #expect(PythonEnvironments.isFinished(path, for: recipe))
        try files.removeItem(atPath: "\(path)/python3")
        #expect(!PythonEnvironments.isFinished(path, for: recipe))
    }

    @Test("A new key for the model restarts the server that has it, which alone gets it, and is not in the digest")
    func chatKey() {
        let environment = ["PATH": "/bin", "DROVER_LAB_CHAT_KEY": "sk-1"]
        #expect(Blueprint.inherited(from: environment)["DROVER_LAB_CHAT_KEY"] == nil)
        let blueprint = blueprint(LabSettings())
        for server in LabServer.allCases {
            let keyed = blueprint.keyed(server, from: environment)
            let without = blueprint.keyed(server, from: [:])
            #expect(without.digest == blueprint.program(of: server).digest && without.secrets.isEmpty)
            guard server == .llamastack else {
                #expect(keyed.digest == without.digest && keyed.secrets.isEmpty)
                continue
            }
            #expect(keyed.secrets == ["DROVER_LAB_CHAT_KEY": "sk-1"])
            let other = blueprint.keyed(server, from: ["DROVER_LAB_CHAT_KEY": "sk-2"])
            #expect(Set([keyed.digest, other.digest, without.digest]).count == 3)
        }
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

    @Test(
        "Any version is run as the nearest tested one is, with pins that do not hold it back",
        arguments: [
            ("0.2.18", "Llama Stack 0.2.24"), ("0.5.4", "Llama Stack 0.4.7"), ("0.6.1", "Llama Stack 0.4.7"),
            ("0.7.1", "Llama Stack 0.7.3"),
            ("1.2.5", "OGX 1.5.0"), ("0.8.0rc1", "OGX 1.5.0"),
        ])
    func untested(version: String, nearest: String) throws {
        let stack = try #require(LabStack(rawValue: version))
        #expect(!stack.isTested && stack.nearestTitle == nearest && stack.rawValue == version)
        #expect(stack.recipe.packages[0].hasSuffix("==\(version)"))
        let names = Set(
            (stack.recipe.pins + "\n" + stack.recipe.otherPins.joined(separator: "\n"))
                .split(separator: "\n").map { line in String(line.prefix { $0 != "=" }) })
        #expect(names.contains("numpy") && !names.contains("llama-stack") && !names.contains("ogx"))
        #expect(stack.recipe.otherPins.last == "")
    }

    @Test("The parts of an untested version that are packages of their own have its version")
    func parts() throws {
        for (version, part) in [("0.5.4", "llama-stack-api"), ("0.7.1", "llama-stack-api"), ("1.2.5", "ogx-api")] {
            let recipe = try #require(LabStack(rawValue: version)).recipe
            #expect(recipe.pins.hasPrefix("\(part)==\(version)\n"))
            #expect(recipe.otherPins.dropLast().allSatisfy { $0.hasPrefix("\(part)==\(version)") })
        }
        #expect(try #require(LabStack(rawValue: "0.2.18")).recipe.pins.contains("llama-stack-api==") == false)
    }

    @Test("Llama Stack 0.5 and 0.6 are configured as 0.4.7 is, and know a connector", arguments: ["0.5.4", "0.6.1"])
    func between(version: String) throws {
        let configuration = try #require(LabStack(rawValue: version)).configuration
        #expect(configuration.contains("\ndistro_name: drover-lab\n") && !configuration.contains("image_name"))
        #expect(configuration.contains("\nconnectors:\n- {connector_id: desk,"))
        #expect(configuration.contains("provider_type: inline::meta-reference"))
        #expect(!LabStack.tested[2].configuration.contains("connector_id"))
    }

    @Test(
        "An installer that does not find the version is understood",
        arguments: [
            ("Because there is no version of llama-stack==0.5.4 and you require llama-stack==0.5.4, we can", true),
            ("Because there is no version\n      of llama-stack==0.5.4", true),
            ("ERROR: No matching distribution found for llama-stack==0.5.4\n", true),
            ("ERROR: No matching distribution found for llama-stack==0.5.4.1", false),
            ("Because there is no version of llama-stack==0.5.40 and", false),
            ("Because there is no version of mcp==1.25.0 and llama-stack==0.5.4 depends on mcp==1.25.0", false),
            ("error: Failed to fetch: `https://pypi.org/simple/llama-stack/`", false),
        ])
    func unknownVersion(output: String, isUnknown: Bool) throws {
        #expect(try #require(LabStack(rawValue: "0.5.4")).recipe.isUnknown(by: output) == isUnknown)
    }

    @Test("What is no version is none", arguments: ["", "latest", "1", "0.5.4; rm", "../0.5.4", "0.5.x"])
    func noVersion(text: String) {
        #expect(LabStack(rawValue: text) == nil && LabMLflow(rawValue: text) == nil)
    }
}
