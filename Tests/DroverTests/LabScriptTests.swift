import Support
import Testing

/// The scripted model as the program runs it: within tests, which link all of Foundation, files have other attributes.
@Suite("The script of a lab that runs")
struct LabScriptTests {
    private static let ask = """
        import json, pathlib, socket, subprocess, sys, time, urllib.request

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        script = pathlib.Path("model.yaml")

        def said():
            body = json.dumps({"model": "llm", "messages": [{"role": "user", "content": "Hello"}]}).encode()
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/chat/completions", body, {"content-type": "application/json"})
            for _ in range(300):
                try:
                    return json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"]
                except OSError:
                    time.sleep(0.1)

        script.write_text("rules: [{say: first}]")
        server = subprocess.Popen(
            [sys.argv[1], "lab", "model", "--port", str(port), "--script", "model.yaml"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            first = said()
            script.write_text("rules: [{say: the second}]")
            print(first, said())
        finally:
            server.terminate()
        """

    @Test("A script that is edited answers at once")
    func edited() async throws {
        try await withTemporaryDirectory { directory in
            let ended = try await DroverProgram(in: directory).run(
                "/usr/bin/env", ["python3", "-c", Self.ask, DroverProgram.path])
            #expect(ended.code == 0 && ended.output == "first the second\n", "\(ended)")
        }
    }

    @Test("A script that is not there is told before anything starts, with what to do")
    func missing() async throws {
        try await withTemporaryDirectory { directory in
            let ended = try await DroverProgram(in: directory)("lab", "up", "--script", "none.yaml")
            #expect(ended.code != 0 && ended.errors.contains("error[no-script]"), "\(ended)")
            #expect(ended.errors.contains("Put the file there, or name another one with `--script`."), "\(ended)")
        }
    }
}
