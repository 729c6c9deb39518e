import Engine
import Fakes
import Foundation
import Language
import Records
import Testing
import Wire

/// What holds of both stores: the format of a record, and the servers that it is about.
@Suite("Formats and servers of records")
struct RecordServersTests {
    private static let entry = Record.Entry(fields: ["tags.team": "support"])
    private let mlflow = FakeMLflow()
    private let path = URL.temporaryDirectory.appending(path: "drover-record-\(UUID().uuidString)/shop.json").path

    private func stores() -> [any RecordStore] {
        [FileRecord(path: path), MLflowRecord(mlflow.server(), stack: StackName("shop"))]
    }

    private static func servers(_ url: String, instance: String? = nil, workspace: String? = nil) -> ServerIdentities {
        [.mlflow: ServerIdentity(name: "MLflow", url: url, instance: instance, workspace: workspace)]
    }

    @Test("A record says which servers it is about, and keeps those that are not at hand")
    func written() async throws {
        for store in stores() {
            await store.bind(to: Self.servers("http://a"), isStrict: true)
            try await store.save(["boxes.a": Self.entry])
            #expect(try await store.load().servers == Self.servers("http://a"))
            await store.bind(to: [.llamaStack: ServerIdentity(name: "OGX", url: "http://b")], isStrict: true)
            try await store.save(["boxes.a": Self.entry])
        }
        for store in stores() {
            let servers = try await store.load().servers
            #expect(servers[.mlflow]?.url == "http://a" && servers[.llamaStack]?.shown == "OGX at http://b")
        }
    }

    @Test("A record of another server is refused with the names of both, unless it holds nothing")
    func others() async throws {
        for (store, fresh) in zip(stores(), stores()) {
            await store.bind(to: Self.servers("http://a"), isStrict: true)
            try await store.save(["boxes.a": Self.entry])
            await fresh.bind(to: Self.servers("http://b"), isStrict: true)
            let thrown = await #expect(throws: Diagnostics.self) { try await fresh.load() }
            let refusal = try #require(thrown?.all.first)
            #expect(refusal.code.name == "record-of-another-server" && refusal.cause == .conflict)
            #expect(refusal.detail.contains("MLflow at http://a") && refusal.detail.contains("MLflow at http://b"))
            #expect(refusal.fix?.contains("`drover state rebuild`") == true)
            await fresh.bind(to: Self.servers("http://b"), isStrict: false)
            #expect(try await fresh.load().entries == ["boxes.a": Self.entry])
            try await fresh.replace(with: Record(servers: Self.servers("http://b")))
        }
        for store in stores() {
            await store.bind(to: Self.servers("http://c"), isStrict: true)
            #expect(try await store.load().isEmpty)
        }
    }

    @Test("A server that was accepted at another address is known at both, from whichever it is asked next")
    func aliases() async throws {
        func ogx(_ url: String) -> ServerIdentity { ServerIdentity(name: "OGX", url: url) }
        #expect(ogx("http://a").mayHaveMoved(to: ogx("http://b")))
        for (index, store) in stores().enumerated() {
            await store.bind(to: [.llamaStack: ogx("http://a")], isStrict: true)
            try await store.save(["boxes.a": Self.entry])
            let accepted = ogx("http://b").succeeding(ogx("http://a"))
            try await store.replace(with: Record(entries: ["boxes.a": Self.entry], servers: [.llamaStack: accepted]))
            for url in ["http://a", "http://b/", "http://a"] {
                let store = stores()[index]
                await store.bind(to: [.llamaStack: ogx(url)], isStrict: true)
                try await store.save(try await store.load().entries)
            }
            let other = stores()[index]
            await other.bind(to: [.llamaStack: ogx("http://c")], isStrict: true)
            await #expect(throws: Diagnostics.self) { try await other.load() }
        }
    }

    @Test("A server is the same under another address where it says so, and another one at the same address")
    func identity() {
        func server(_ url: String, _ instance: String? = nil, _ workspace: String? = nil) -> ServerIdentity {
            ServerIdentity(name: "MLflow", url: url, instance: instance, workspace: workspace)
        }
        #expect(server("http://a", "1").isSame(as: server("http://b", "1")))
        #expect(!server("http://a", "1").isSame(as: server("http://a", "2")))
        #expect(server("http://a", "1").isSame(as: server("http://a")))
        #expect(!server("http://a", "1", "blue").isSame(as: server("http://a", "1", "red")))
        #expect(server("http://localhost:5000/").isSame(as: server("http://127.0.0.1:5000")))
        #expect(!server("http://a").isSame(as: server("http://a/team")))
    }

    @Test("A record of a newer format is refused, and stays as it is")
    func newer() async throws {
        let text = "{\"format\": 99, \"entries\": {\"boxes.a\": 1}, \"shelves\": true}"
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        let server = mlflow.server()
        try await MLflowRecord(server, stack: StackName("shop")).save([:])
        let experiment = try #require(try await server.experiments().first { $0.name == "drover/shop" })
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        try await server.putArtifact(Array(text.utf8), named: "drover/applied.json", in: folder)
        for store in stores() {
            let attempts: [() async throws -> Void] = [
                { _ = try await store.load() }, { try await store.replace(with: Record()) },
            ]
            for attempt in attempts {
                let thrown = await #expect(throws: Diagnostic.self) { try await attempt() }
                #expect(thrown?.code.name == "newer-record" && thrown?.cause == .lacking)
                #expect(thrown?.detail.contains("99") == true)
            }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        #expect(try await server.artifact(named: "drover/applied.json", in: folder) == Array(text.utf8))
    }

    @Test("Records of older versions are read")
    func older() async throws {
        let entries = "{\"boxes.a\": {\"fields\": {\"tags.team\": \"support\"}, \"protect\": false}}"
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("{\"entries\": \(entries), \"history\": [], \"intents\": {}}".utf8).write(to: URL(filePath: path))
        let server = mlflow.server()
        try await MLflowRecord(server, stack: StackName("shop")).save([:])
        let experiment = try #require(try await server.experiments().first { $0.name == "drover/shop" })
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        try await server.putArtifact(Array(entries.utf8), named: "drover/applied.json", in: folder)
        for store in stores() {
            await store.bind(to: Self.servers("http://a"), isStrict: true)
            #expect(try await store.load() == Record(entries: ["boxes.a": Self.entry]))
        }
    }

    @Test("What cannot be read is replaced when that is asked for")
    func replaced() async throws {
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("{".utf8).write(to: URL(filePath: path))
        let record = Record(entries: ["boxes.a": Self.entry], servers: Self.servers("http://a"))
        for store in stores() {
            try await store.replace(with: record)
            #expect(try await store.load() == record)
        }
    }
}
