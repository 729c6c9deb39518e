import Engine
import Foundation
import Language
import Records
import Support
import Synchronization
import Testing
import Wire

/// The lock on a real MLflow: never two holders, and none that stays when its holder is gone.
@Suite(.serialized) struct LockIntegrationTests {
    @Test("Contenders take turns, applies of one stack keep out of each other's way, and a killed one is followed")
    func story() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try succeed(await drover("lab", "up"))
            do {
                let data = try #require(FileManager.default.contents(atPath: "\(directory)/.drover/lab.json"))
                let url = try #require(try Value(json: data)["mlflow"]?["url"]?.string)
                try await AsyncHTTPTransport.withTransport(connections: 16) { transport in
                    let server = MLflowServer(Endpoint(service: "MLflow", base: url, transport: transport))
                    try await turns(server)
                    try await expiry(server)
                    try await twoApplies(drover, directory, server)
                    try await killed(drover, directory, url, server)
                }
                try await rounds(drover, url)
            } catch {
                _ = try await drover("lab", "down", "--purge")
                throw error
            }
            try succeed(await drover("lab", "down", "--purge"))
        }
    }

    /// Two contenders, as many rounds as ten seconds allow.
    private func turns(_ server: MLflowServer) async throws {
        let turns = Turns()
        let end = ContinuousClock.now + .seconds(10)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["anna", "ben"] {
                group.addTask {
                    let lock = MLflowLock(server, stack: StackName("turns"))
                    while ContinuousClock.now < end {
                        try await lock.holding(as: Self.holder(name), Self.patient, gate: LeaseGate()) {
                            try await turns.take(by: name)
                        }
                        // So that now one and now the other finds it free.
                        try await Task.sleep(for: .milliseconds(.random(in: 0...400)))
                    }
                }
            }
            try await group.waitForAll()
        }
        let counts = turns.counts
        print("turns on a real MLflow: \(counts)")
        #expect(counts.count == 2 && counts.values.reduce(0, +) >= 6)
        let names = try await server.registeredModels().map(\.name)
        #expect(names.filter { $0.hasPrefix("drover.lock.turns.") }.count == 2)
    }

    /// A holder that neither renews nor releases, and a contender that cannot know whether it lives.
    private func expiry(_ server: MLflowServer) async throws {
        let lock = MLflowLock(server, stack: StackName("expiry"), term: .seconds(3)) { _ in false }
        let other = MLflowLock(server, stack: StackName("expiry"), term: .seconds(3)) { _ in false }
        guard case .taken(let lease) = try await lock.claim(as: Self.holder("anna")) else {
            return #expect(Bool(false), "nobody held it")
        }
        try await other.holding(as: Self.holder("ben"), Self.patient, gate: LeaseGate()) {
            let newest = try await lock.newest()
            #expect(newest?.number == 2 && !lease.isHeld)
        }
    }

    private func twoApplies(_ drover: DroverProgram, _ directory: String, _ server: MLflowServer) async throws {
        for team in ["red", "blue"] { try write(Self.spec(count: 12, team), "\(directory)/\(team)/drover.yaml") }
        async let red = drover("apply", "red", "--yes", "--parallelism", "1")
        async let blue = drover("apply", "blue", "--yes", "--parallelism", "1")
        let ended = try await ["red": red, "blue": blue]
        let codes = ended.mapValues(\.code)
        print("two applies: \(codes)")
        let winners = codes.filter { $0.value == 0 }.keys
        #expect(!winners.isEmpty && codes.values.allSatisfy { [0, 7, 8].contains($0) }, "\(ended)")
        var worlds = 0
        for team in ["red", "blue"] where try await drover("plan", team, "--exit-code").code == 0 { worlds += 1 }
        #expect(worlds == 1, "a mixture of both")

        // The locks are nobody's objects, and what has nothing to change takes none.
        let before = try await locks(server)
        #expect(before.count <= 2)
        try succeed(await drover("apply", try #require(winners.first), "--yes", "--no-lock"))
        try succeed(await drover("apply", try #require(winners.first), "--yes"))
        let plan = try await drover("plan", try #require(winners.first))
        #expect(!plan.output.contains("drover.lock"), "\(plan.output)")
        #expect(try await locks(server).map(\.name) == before.map(\.name))
    }

    /// A sample of the rounds of `scripts/test --faults`.
    private func rounds(_ drover: DroverProgram, _ url: String) async throws {
        let script = "\(packageRoot)/Tests/Faults/together.py"
        let ended = try await drover.run(
            "/usr/bin/env", ["python3", script, "--drover", DroverProgram.path, "--rounds", "2", "--mlflow", url])
        #expect(ended.code == 0 && ended.output.contains("2 rounds"), "\(ended.output)\(ended.errors)")
    }

    /// A holder on this machine that is killed is followed at once; one that lives makes others exit with 8.
    private func killed(
        _ drover: DroverProgram, _ directory: String, _ url: String, _ server: MLflowServer
    ) async throws {
        let number = try await locks(server).compactMap { $0.name.split(separator: ".").last.flatMap { Int($0) } }.max()
        let next = (number ?? 0) + 1
        try write(Self.spec(count: 100, "green"), "\(directory)/green/drover.yaml")
        let script = """
            "$0" apply green --yes --parallelism 1 > killed.txt 2>&1 & holder=$!
            until curl -sf "\(url)/api/2.0/mlflow/registered-models/get?name=drover.lock.pair.\(next)" > taken.json
            do kill -0 $holder || exit 99; done
            kill -STOP $holder
            "$0" apply green --yes --lock-timeout 0s > refused.txt 2>&1; refused=$?
            kill -9 $holder
            exit $refused
            """
        let refused = try await drover.run("/bin/sh", ["-c", script, DroverProgram.path])
        let told = try String(contentsOfFile: "\(directory)/refused.txt", encoding: .utf8)
        #expect(refused.code == 8, "\(refused)\(told)")
        #expect(told.contains("lock \(next))") && told.contains("`drover state unlock \(next) green`"), "\(told)")

        let start = ContinuousClock.now
        try succeed(await drover("apply", "green", "--yes"))
        print("followed a killed holder after \(ContinuousClock.now - start)")
        #expect(try await locks(server).map(\.name) == ["drover.lock.pair.\(next)", "drover.lock.pair.\(next + 1)"])
        #expect(try await drover("plan", "green", "--exit-code").code == 0)
        #expect(try await drover("state", "unlock", "\(next + 1)", "green", "--yes").code == 7)
    }

    private func locks(_ server: MLflowServer) async throws -> [MLflowRegisteredModel] {
        try await server.registeredModels().filter { $0.name.hasPrefix("drover.lock.pair.") }
            .sorted { $0.name < $1.name }
    }

    private static let patient = LockTerms(timeout: .seconds(60))

    private static func holder(_ name: String) -> LockHolder {
        LockHolder(id: UUID().uuidString, name: name, host: "desk", purpose: "test")
    }

    private static func spec(count: Int, _ team: String) -> String {
        let experiments = (1...count).map { "  e\($0): {tags: {team: \(team)}}" }.joined(separator: "\n")
        return "drover: v1\nstack: pair\nexperiments:\n\(experiments)\n"
    }

    private func write(_ text: String, _ path: String) throws {
        let file = URL(filePath: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func succeed(_ ended: DroverProgram.Ended) throws {
        try #require(ended.code == 0, "\(ended.output)\(ended.errors)")
    }
}

/// Counts who holds a lock, and how often each has held it.
private final class Turns: Sendable {
    private let inside = Mutex(0)
    private let taken = Mutex<[String: Int]>([:])

    var counts: [String: Int] { taken.withLock { $0 } }

    func take(by name: String) async throws {
        let others = inside.withLock { count in
            count += 1
            return count - 1
        }
        #expect(others == 0)
        // Long enough that another one inside would be seen.
        try await Task.sleep(for: .milliseconds(20))
        inside.withLock { $0 -= 1 }
        taken.withLock { $0[name, default: 0] += 1 }
    }
}
