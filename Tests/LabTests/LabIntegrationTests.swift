import FoundationEssentials
import Glibc
import Language
import Synchronization
import Testing
import Wire

@testable import Lab

/// On real servers; needs the built `drover` beside the tests, and installs MLflow and OGX when no lab ever ran here.
@Suite(.serialized, .timeLimit(.minutes(10))) struct LabIntegrationTests {
    @Test("A lab comes up, notices a killed server, heals it on the same port, and leaves no process behind")
    func wholeLife() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "drover-life-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let events = Mutex<[LabEvent]>([])
        try await AsyncHTTPTransport.withTransport { transport in
            let lab = Lab(
                place: LabPlace(directory: directory), executable: try drover(),
                environment: ProcessInfo.processInfo.environment, transport: transport
            ) { event in events.withLock { $0.append(event) } }
            do {
                try await live(lab, events: events)
            } catch {
                _ = try await lab.down(purge: true)
                throw error
            }
        }
    }

    private func live(_ lab: Lab, events: borrowing Mutex<[LabEvent]>) async throws {
        let first = try await lab.up()
        let status = try #require(try await lab.status())
        #expect(status.isGood)
        #expect(status.servers.allSatisfy { $0.residentBytes > 1 << 20 && $0.startupSeconds != nil })

        let again = try await lab.up()
        #expect(again.processes == first.processes, "Servers that run are left alone.")

        let mlflow = try #require(first[.mlflow])
        kill(mlflow.pid, SIGKILL)
        let process = lab.background(mlflow)
        let deadline = ContinuousClock.now + .seconds(30)
        while process.isRunning, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!process.isRunning)
        let wounded = try #require(try await lab.status())
        #expect(wounded.servers.filter { $0.state == .crashed }.map(\.server) == [.mlflow])
        #expect(wounded.servers.first { $0.server == .mlflow }?.lastLines.isEmpty == false)

        events.withLock { $0 = [] }
        let healed = try await lab.up()
        #expect(try await lab.status()?.isGood == true)
        #expect(healed.mlflowURL == first.mlflowURL)
        #expect(healed[.llamastack] == first[.llamastack])
        let told = events.withLock { $0 }
        #expect(told.contains { if case .crashed(.mlflow, let lines) = $0 { !lines.isEmpty } else { false } })

        #expect(try await lab.down(purge: true))
        #expect(try await lab.status() == nil)
        #expect(healed.processes.allSatisfy { lab.background($0).residentBytes == 0 })
        #expect(!FileManager.default.fileExists(atPath: lab.place.data))
        #expect(try await lab.down(purge: false) == false)
    }

    /// The executable that was built together with these tests.
    private func drover() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["DROVER_BINARY"] ?? root.appending(path: ".build/debug/drover").path
        try #require(FileManager.default.isExecutableFile(atPath: path), "Run `swift build` first.")
        return path
    }
}
