import Fakes
import FoundationEssentials
import Support
import Testing

@Suite("Rollbacks over names")
struct RenamedRollbackTests {
    @Test("A rollback renames back also what the earlier spec itself says was moved")
    func twice() async throws {
        let mlflow = FakeMLflow()
        try await LoopbackServer.withServer(serving: mlflow) { url in
            try await withTemporaryDirectory { directory in
                let drover = DroverProgram(in: directory, environment: ["DROVER_MLFLOW_URL": url])
                for declared in ["first: {}", "second: {moved: first}", "third: {moved: second}"] {
                    let spec = "drover: v1\nstack: shop\nexperiments: {\(declared)}\n"
                    try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                    let applied = try await drover("apply", "--yes", "--no-lock")
                    try #require(applied.code == 0, "\(applied.output)\(applied.errors)")
                }
                let back = try await drover("rollback", "--to", "2", "--yes")
                #expect(back.code == 0, "\(back.output)\(back.errors)")
                let names = mlflow.store.experiments.map(\.name).filter { !$0.contains("/") && $0 != "Default" }
                #expect(names == ["second"])
            }
        }
    }
}
