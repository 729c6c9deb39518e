import FoundationEssentials
import Testing

@testable import Lab

@Suite struct BackgroundProcessTests {
    private let directory = FileManager.default.temporaryDirectory.appending(
        path: "drover-process-\(UUID().uuidString)"
    ).path

    private func start(_ script: String) throws -> BackgroundProcess {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let program = Program(
            words: ["/bin/sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"], directory: directory)
        return try BackgroundProcess.start(program, lab: directory, log: "\(directory)/log")
    }

    private func cleanUp() {
        try? FileManager.default.removeItem(atPath: directory)
    }

    @Test("A program runs in its directory, writes to its log, and ends with its children when it is stopped")
    func stops() async throws {
        defer { cleanUp() }
        let process = try start("pwd; echo $DROVER_LAB; sleep 600 & wait")
        #expect(process.isRunning)
        try await until { LogTail.lastLines(2, ofFile: "\(directory)/log") == "\(directory)\n\(directory)" }
        try await until {
            ProcessTable.members(ofSession: process.identity.pid) { $0 == "DROVER_LAB=\(directory)" }.count == 2
        }
        #expect(process.residentBytes > 0)
        try await process.stop(within: .seconds(5))
        #expect(!process.isRunning)
        #expect(ProcessTable.members(ofSession: process.identity.pid) { $0 == "DROVER_LAB=\(directory)" }.isEmpty)
    }

    @Test("A program that ignores the request to end is ended after the limit")
    func kills() async throws {
        defer { cleanUp() }
        let process = try start("trap '' TERM; echo ready; while :; do sleep 1; done")
        try await until { LogTail.lastLines(1, ofFile: "\(directory)/log") == "ready" }
        try await process.stop(within: .milliseconds(200))
        #expect(!process.isRunning)
    }

    @Test("Another program with the same process id is left alone")
    func reused() async throws {
        defer { cleanUp() }
        let process = try start("sleep 600")
        let stranger = BackgroundProcess(
            identity: ProcessIdentity(pid: process.identity.pid, startTime: "1@earlier"), lab: directory)
        #expect(!stranger.isRunning)
        try await stranger.stop(within: .milliseconds(100))
        #expect(process.isRunning)
        try await process.stop(within: .seconds(5))
    }

    @Test("It is stopped with its children, too, when the directory of its lab was moved")
    func moved() async throws {
        defer { cleanUp() }
        let process = try start("sleep 600 & wait")
        try await until {
            ProcessTable.members(ofSession: process.identity.pid) { $0 == "DROVER_LAB=\(directory)" }.count == 2
        }
        try await BackgroundProcess(identity: process.identity, lab: "/elsewhere").stop(within: .seconds(5))
        #expect(!process.isRunning)
        #expect(ProcessTable.members(ofSession: process.identity.pid) { $0 == "DROVER_LAB=\(directory)" }.isEmpty)
    }

    @Test("A copy of the directory of a lab has none of its processes while the original is there")
    func copied() async throws {
        let file = "\(directory).json"
        defer {
            cleanUp()
            try? FileManager.default.removeItem(atPath: file)
        }
        let process = try start("sleep 600")
        try await until { ProcessTable.environment(of: process.identity.pid).contains("DROVER_LAB=\(directory)") }
        let (url, identity) = (LabFile.Location(url: ""), process.identity)
        let named = LabFile.Process(
            name: .mcp, pid: identity.pid, startTime: identity.startTime, port: 1, log: "", digest: "")
        try LabFile(
            name: "default", llamastack: url, mlflow: url, mcp: url, model: url, isScripted: true,
            settings: LabSettings(), processes: [named], pythons: [:], variables: [:]
        ).write(to: file)
        let copy = BackgroundProcess(identity: process.identity, lab: "/copy/.drover/lab")
        #expect(!copy.isRunning && copy.residentBytes == 0)
        try await copy.stop(within: .milliseconds(100))
        #expect(process.isRunning)
        try FileManager.default.removeItem(atPath: file)
        #expect(copy.isRunning)
        try await process.stop(within: .seconds(5))
    }

    @Test("The name in a line of /proc may hold anything")
    func stat() throws {
        let fields = (4...52).map(String.init).joined(separator: " ")
        let entry = try #require(ProcessTable.Entry(pid: 7, stat: "7 (a ) R b) Z \(fields)"))
        #expect(entry.hasEnded && entry.session == 6 && entry.startTicks == 22 && entry.residentPages == 24)
    }

    /// Asks again and again, at most ten seconds long.
    private func until(_ isTrue: () -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while !isTrue(), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(isTrue())
    }
}
