import Fakes
import FoundationEssentials
import Language
import Support
import Testing
import Wire

@testable import drover

/// `drover serve` as a user runs it.
@Suite("drover serve")
struct ServeCommandTests {
    /// Starts a server, runs commands with its `$url`, stops it, and shows what it said.
    private static func script(_ options: String, _ commands: String) -> String {
        #"""
        "$DROVER" serve --port 0 \#(options) >served.log 2>served.notes &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        for _ in $(seq 300); do grep -q Listening served.notes && break; kill -0 $served || break; sleep 0.1; done
        url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
        \#(commands)
        kill -TERM $served; wait $served; echo "code $?"
        trap - EXIT
        cat served.log served.notes
        """#
    }

    private func run(_ options: String = "", _ commands: String, _ environment: [String: String]) async throws -> String
    {
        let fake = FakeOGX()
        return try await LoopbackServer.withServer(serving: fake.transport) { llamaStack in
            try await withTemporaryDirectory { directory in
                var environment = environment
                environment["DROVER"] = DroverProgram.path
                environment["LLAMASTACK_BASE_URL"] = llamaStack
                let program = DroverProgram(in: directory, environment: environment)
                let ended = try await program.run("/bin/sh", ["-c", Self.script(options, commands)])
                return ended.output + ended.errors
            }
        }
    }

    @Test("The environment alone is enough; each request is a line of JSON; it ends well when it is stopped")
    func environment() async throws {
        let ask = #"curl -s "$url/v1/responses" -H 'content-type: application/json' -d '{"input":"Hello"}'"#
        let said = try await run(
            "", "\(ask); echo; curl -s $url/ready; echo", ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(said.contains(#""text":"ANSWER[] to: Hello""#), "\(said)")
        #expect(said.contains(#"{"status":"ready"}"#) && said.contains("code 0"), "\(said)")
        #expect(said.contains(#""path":"/v1/responses""#) && said.contains("Serving `agent`"), "\(said)")
    }

    @Test("What Kubernetes says of a service called drover is no port")
    func serviceLinks() throws {
        let linked = EnvironmentArguments([
            "DROVER_PORT": "tcp://10.0.0.1:80", "DROVER_PORT_80_TCP": "tcp://10.0.0.1:80",
        ])
        #expect(try linked.adding(to: ["serve"]) == ["serve"])
        #expect(try EnvironmentArguments(["DROVER_PORT": "81"]).adding(to: ["serve"]) == ["serve", "--port=81"])
    }

    @Test("Without a spec and without the environment there is nothing to serve")
    func nothing() async throws {
        let said = try await run("", "true", [:])
        #expect(said.contains("error[no-specs]") && said.contains("code 3"), "\(said)")
    }

    @Test("A port that is taken, and a file of tokens that is none, are told")
    func unusable() async throws {
        let taken = #""$DROVER" serve --port "${url##*:}"; echo "second $?""#
        let said = try await run("", taken, ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(said.contains("error[cannot-listen]") && said.contains("second 1"), "\(said)")
        let tokens = try await run("--auth-token-file none", "true", ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(tokens.contains("error[unusable-tokens]") && tokens.contains("code 64"), "\(tokens)")
    }

    @Test(
        "Options that do not fit together are usage errors",
        arguments: [
            ["--host", "0.0.0.0"], ["--port", "70000"], ["--tls-cert", "c.pem"], ["--timeout", "soon"],
            ["--allow-anonymous", "--auth-token-file", "f"], ["--model-version", "models:/m/1", "support"],
            ["--concurrency", "0"], ["--model-version", "m"],
        ])
    func usage(arguments: [String]) async throws {
        let ended = try await DroverProgram(in: packageRoot).run(DroverProgram.path, ["serve"] + arguments)
        #expect(ended.code == 64, "\(ended.output)\(ended.errors)")
    }
}
