import Fakes
import FoundationEssentials
import Language
import Runtime
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
        "$DROVER" serve --port 0 --shutdown-delay 0s \#(options) >served.log 2>served.notes &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        for _ in $(seq 300); do grep -q Serving served.notes && break; kill -0 $served || break; sleep 0.1; done
        url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
        \#(commands)
        kill -TERM $served; wait $served; echo "code $?"
        trap - EXIT
        cat served.log served.notes
        """#
    }

    private func run(_ options: String = "", _ commands: String, _ environment: [String: String]) async throws -> String
    {
        try await Self.running(Self.script(options, commands), environment)
    }

    /// Runs a script with `$DROVER` and the address of a fake OGX in its environment, in a directory of its own.
    static func running(_ script: String, _ environment: [String: String]) async throws -> String {
        let fake = FakeOGX()
        return try await LoopbackServer.withServer(serving: fake.transport) { llamaStack in
            try await withTemporaryDirectory { directory in
                var environment = environment
                environment["DROVER"] = DroverProgram.path
                environment["LLAMASTACK_BASE_URL"] = llamaStack
                let program = DroverProgram(in: directory, environment: environment)
                let ended = try await program.run("/bin/sh", ["-c", script])
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

    @Test("Its requests are traced in the MLflow that an option names, in the experiment that the environment names")
    func traced() async throws {
        let ask = #"curl -s "$url/invocations" -H 'content-type: application/json' -d '{"input":"Hello"}'"#
        let mlflow = FakeMLflow()
        let said = try await LoopbackServer.withServer(serving: mlflow) { tracking in
            try await run(
                "--mlflow-url \(tracking)", ask, ["LLAMASTACK_MODEL": "scripted/llm", "MLFLOW_EXPERIMENT": "answers"])
        }
        #expect(said.contains("code 0") && !said.contains("warning"), "\(said)")
        #expect(mlflow.store.experiments.contains { $0.name == "answers" } && mlflow.store.traces.count == 1)
    }

    @Test("Where MLflow is only there for traces, agents answer without it, and the traces wait for it on disk")
    func withoutMLflow() async throws {
        let ask = #"curl -s "$url/v1/responses" -H 'content-type: application/json' -d '{"input":"Hello"}'"#
        // Of a server that is gone.
        let tracking = try await LoopbackServer.withServer(serving: FakeMLflow()) { $0 }
        let commands = #"\#(ask); echo; curl -s "$url/ready"; echo"#
        let environment = [
            "LLAMASTACK_MODEL": "scripted/llm", "MLFLOW_EXPERIMENT": "answers", "MLFLOW_TRACKING_URI": tracking,
        ]
        let said = try await run("--trace-spool spool", commands, environment)
        #expect(said.contains(#""text":"ANSWER[] to: Hello""#) && said.contains(#"{"status":"ready"}"#), "\(said)")
        #expect(said.contains("warning[awaits-mlflow]") && said.contains("code 0"), "\(said)")
        #expect(said.contains("1 trace waits in spool until the next start."), "\(said)")
    }

    @Test("What a spec says now of an agent that needs nothing of MLflow is served without it, too")
    func specWithoutMLflow() async throws {
        let tracking = try await LoopbackServer.withServer(serving: FakeMLflow()) { $0 }
        let spec = "{drover: v1, stack: shop, agents: {desk: {model: scripted/llm, instructions: Be kind.}}}"
        let ask = #"curl -s "$url/v1/responses" -H 'content-type: application/json' -d '{"input":"Hello"}'"#
        let script = "echo '\(spec)' >drover.yaml\n" + Self.script("desk --from-spec --trace-spool spool", ask)
        let said = try await Self.running(script, ["MLFLOW_TRACKING_URI": tracking])
        #expect(said.contains("ANSWER[Be kind.] to: Hello") && said.contains("code 0"), "\(said)")
        #expect(said.contains("warning[awaits-mlflow]"), "\(said)")
        #expect(said.contains("1 trace waits in spool until the next start."), "\(said)")
    }

    /// What is said of a spec that is served beside an MLflow that answers some requests, and never the others.
    private func served(
        _ agent: String, _ options: String, beside answers: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let spec = "{drover: v1, stack: shop, agents: {desk: {model: scripted/llm, instructions: Be kind.\(agent)}}}"
        let hanging = Interposed(FakeMLflow()) { request, send in
            if !answers(request.url) { try await Task.sleep(for: .seconds(600)) }
            return try await send()
        }
        return try await LoopbackServer.withServer(serving: hanging) { tracking in
            let script = "echo '\(spec)' >drover.yaml\n" + Self.script(options, #"curl -s "$url/ready"; echo"#)
            return try await Self.running(script, ["MLFLOW_TRACKING_URI": tracking])
        }
    }

    @Test("An MLflow that tells its version and then nothing keeps nobody waiting who needs it for traces only")
    func hangingMLflow() async throws {
        let said = try await served("", "--from-spec") { $0.hasSuffix("/version") }
        #expect(said.contains(#"{"status":"ready"}"#) && said.contains("code 0"), "\(said)")
        #expect(said.contains("warning[awaits-mlflow]") && said.contains("did not answer within 3 s"), "\(said)")
    }

    @Test("An MLflow that nothing needs is not asked", arguments: ["--from-spec --no-trace", ""])
    func unneededMLflow(options: String) async throws {
        let said = try await served(options.isEmpty ? ", log: false" : "", options) { _ in false }
        #expect(said.contains(#"{"status":"ready"}"#) && said.contains("code 0"), "\(said)")
        #expect(!said.contains("warning"), "\(said)")
    }

    @Test("What MLflow has is not served without it")
    func needsMLflow() async throws {
        let tracking = try await LoopbackServer.withServer(serving: FakeMLflow()) { $0 }
        let said = try await Self.running(
            Self.script("--model-version models:/shop-desk/1", #"curl -s "$url/ready"; echo"#)
                .replacing("grep -q Serving", with: "grep -q waits-for-server"),
            ["MLFLOW_TRACKING_URI": tracking])
        #expect(said.contains(#"{"status":"starting"}"#) && said.contains("warning[waits-for-server]"), "\(said)")
    }

    @Test("What was applied and not tested is not served, which is no failure to find it out")
    func untested() throws {
        let untested = Diagnostic("untested", "The agent was not tested", detail: "It has not passed.", cause: .failed)
        let told = Diagnostic.notRenewed(untested)
        #expect(told.summary == "What is applied now is not served" && told.severity == .warning)
        #expect(told.detail.hasSuffix("It has not passed.") && told.fix?.contains("start the server again") == true)
        let away = Diagnostic("away", "Away", detail: "It does not answer.")
        #expect(Diagnostic.notRenewed(away).summary != told.summary)
        let alias = try ModelVersionURI("models:/desk@live")
        #expect(Diagnostic.notFollowed(alias, untested).fix?.hasPrefix("Run the suite") == true)
        #expect(Diagnostic.notFollowed(alias, away).fix?.hasPrefix("Nothing has to be done") == true)
    }

    @Test("It listens before Llama Stack answers, and serves once it does; certificates are read again as they change")
    func late() async throws {
        let fake = FakeOGX()
        let (starts, start) = AsyncStream.makeStream(of: Void.self)
        // The port is free when this ends.
        let behind = try await LoopbackServer.withServer(serving: fake.transport) { $0 }
        let port = try #require(Int(behind.split(separator: ":").last ?? ""))
        let said = try await LoopbackServer.withServer { _ in
            start.finish()
            return LoopbackServer.Reply(chunks: AsyncThrowingStream { $0.finish() })
        } _: { signal in
            try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask { try await Self.late(behind: behind, signal: signal) }
                group.addTask {
                    for await _ in starts {}
                    return try await LoopbackServer.withServer(port: port, serving: fake.transport) { _ in
                        try await Task.sleep(for: .seconds(600))  // Until it is cancelled.
                        return nil
                    }
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        }
        let told = said ?? ""
        #expect(told.contains("first 503") && told.contains(#"{"status":"starting"}"#), "\(told)")
        #expect(told.contains("warning[waits-for-server]") && told.contains("code 0"), "\(told)")
        #expect(told.contains("old 000") && told.contains("new 200"), "\(told)")
        #expect(told.contains("warning[unusable-certificate]") && told.contains("bad 200"), "\(told)")
    }

    private static func late(behind: String, signal: String) async throws -> String {
        try await withTemporaryDirectory { directory in
            for (name, text) in [
                ("cert.pem", LoopbackIdentity.clientCertificate), ("key.pem", LoopbackIdentity.clientKey),
                ("next.pem", LoopbackIdentity.certificate), ("next.key", LoopbackIdentity.key),
                ("authority.pem", LoopbackIdentity.authority),
            ] {
                try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
            }
            let environment = [
                "DROVER": DroverProgram.path, "LLAMASTACK_MODEL": "scripted/llm", "LLAMASTACK_BASE_URL": behind,
                "SIGNAL": signal,
            ]
            let ended = try await DroverProgram(in: directory, environment: environment)
                .run("/bin/sh", ["-c", lateScript])
            return ended.output + ended.errors
        }
    }

    private static let lateScript = #"""
        "$DROVER" serve --port 0 --shutdown-delay 0s --tls-cert cert.pem --tls-key key.pem >served.log 2>served.notes &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        await() { for _ in $(seq 300); do grep -q "$1" served.notes && break; kill -0 $served || break; sleep 0.1; done; }
        ask() { curl -s "$2" "$3" -o answer -w "$1 %{http_code}\n" "$url/v1/responses" -d '{"input":"Hello"}' \
            -H 'content-type: application/json'; }
        await Listening
        url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
        ask first -k -k
        curl -sk "$url/ready"; echo
        await waits-for-server
        curl -s "$SIGNAL"
        await Serving
        ask old --cacert authority.pem
        cp next.pem cert.pem; cp next.key key.pem
        await "certificate was read again"
        ask new --cacert authority.pem
        echo none >cert.pem
        kill -HUP $served
        await unusable-certificate
        ask bad --cacert authority.pem
        kill -TERM $served; wait $served; echo "code $?"
        trap - EXIT
        cat served.log served.notes
        """#

    private static let earlyScript = #"""
        "$DROVER" serve --port 0 >served.log 2>served.notes &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        for _ in $(seq 300); do grep -q Listening served.notes && break; kill -0 $served || break; sleep 0.1; done
        url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
        curl -s -o answer -w 'ping %{http_code}\n' "$url/ping"
        kill -TERM $served; wait $served; echo "code $?"
        trap - EXIT
        cat served.notes
        """#

    @Test("Stopped while it waits for Llama Stack, it ends as well as later")
    func early() async throws {
        let said = try await LoopbackServer.withServer { _ in
            try await Task.sleep(for: .seconds(600))  // Until it is cancelled.
            return LoopbackServer.Reply(chunks: AsyncThrowingStream { $0.finish() })
        } _: { silent in
            try await withTemporaryDirectory { directory in
                let environment = [
                    "DROVER": DroverProgram.path, "LLAMASTACK_MODEL": "scripted/llm", "LLAMASTACK_BASE_URL": silent,
                ]
                let ended = try await DroverProgram(in: directory, environment: environment)
                    .run("/bin/sh", ["-c", Self.earlyScript])
                return ended.output + ended.errors
            }
        }
        #expect(said.contains("ping 200") && said.contains("code 0"), "\(said)")
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
        #expect(said.contains("`LLAMASTACK_MODEL`"), "\(said)")
    }

    @Test("A port that is taken, and a file of tokens that is none, are told")
    func unusable() async throws {
        let taken = #""$DROVER" serve --port "${url##*:}"; echo "second $?""#
        let said = try await run("", taken, ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(said.contains("error[cannot-listen]") && said.contains("second 1"), "\(said)")
        let unknown = #""$DROVER" serve --host nowhere.invalid --allow-anonymous --port 0; echo "second $?""#
        let nowhere = try await run("", unknown, ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(nowhere.contains("nothing here knows that name") && nowhere.contains("second 1"), "\(nowhere)")
        #expect(!nowhere.contains("SocketAddressError"), "\(nowhere)")
        let tokens = try await run("--auth-token-file none", "true", ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(tokens.contains("error[unusable-tokens]") && tokens.contains("code 64"), "\(tokens)")
    }

    @Test(
        "Options that do not fit together are usage errors",
        arguments: [
            ["--host", "0.0.0.0"], ["--port", "70000"], ["--tls-cert", "c.pem"], ["--timeout", "soon"],
            ["--timeout", "0s"], ["--shutdown-delay", "soon"], ["--trace-spool-limit", "0KB"],
            ["--allow-anonymous", "--auth-token-file", "f"], ["--model-version", "models:/m/1", "support"],
            ["--concurrency", "0"], ["--model-version", "m"],
            ["--no-trace", "--trace-spool", "d"], ["--no-trace", "--join-traces"], ["--trace-spool-limit", "big"],
            ["--require-evidence", "golden", "--from-spec"],
        ])
    func usage(arguments: [String]) async throws {
        let ended = try await DroverProgram(in: packageRoot).run(DroverProgram.path, ["serve"] + arguments)
        #expect(ended.code == 64, "\(ended.output)\(ended.errors)")
    }
}
