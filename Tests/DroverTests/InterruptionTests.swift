import Fakes
import FoundationEssentials
import Language
import Support
import Testing
import Wire

/// What becomes of a command that is told to stop.
@Suite("Interruption")
struct InterruptionTests {
    private static let spec = """
        drover: v1
        stack: quiet
        experiments:
          answers: {}
        """

    private static let script = #"""
        "$DROVER" plan quiet.yaml --mlflow-url "$MLFLOW" >out 2>err & plan=$!
        trap 'kill -KILL $plan 2>/dev/null' EXIT
        while ! [ -e asked ]; do kill -0 $plan || break; sleep 0.05; done
        kill -$SIGNAL $plan; wait $plan; echo "code $?"
        cat out err
        """#

    @Test(
        "A plan waits no longer for a server that says nothing",
        arguments: [("TERM", 143), ("INT", 130)], ["/version", ""])
    func plan(signal: (name: String, code: Int), answered: String) async throws {
        try await withTemporaryDirectory { directory in
            try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/quiet.yaml"))
            let fake = FakeMLflow()
            let said = try await LoopbackServer.withServer { request in
                if !answered.isEmpty, request.url.hasSuffix(answered) {
                    let response = try await fake.send(request)
                    return LoopbackServer.Reply(
                        chunks: AsyncThrowingStream {
                            $0.yield(response.body); $0.finish()
                        })
                }
                try Data().write(to: URL(filePath: "\(directory)/asked"))
                try await Task.sleep(for: .seconds(600))  // Until the client goes, or the test ends.
                return LoopbackServer.Reply(status: 500, chunks: AsyncThrowingStream { $0.finish() })
            } _: { url in
                let environment = ["DROVER": DroverProgram.path, "MLFLOW": url, "SIGNAL": signal.name]
                let program = DroverProgram(in: directory, environment: environment)
                let ended = try await program.run("/bin/sh", ["-c", Self.script])
                return ended.output + ended.errors
            }
            #expect(said.contains("code \(signal.code)\n") && !said.contains("error["), "\(said)")
        }
    }
}
