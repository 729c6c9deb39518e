import Fakes
import FoundationEssentials
import Glibc
import Language
import Support
import Testing
import Wire

@testable import Runtime

/// Functions over a real socket, and as real programs.
@Suite struct FunctionTests {
    private func chunks(_ text: String) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            continuation.yield(Array(text.utf8))
            continuation.finish()
        }
    }

    private func call(
        _ method: HTTPRequest.Method = .post, path: String = "/f", status: Int = 200, answer: String? = nil
    ) async throws -> String {
        try await LoopbackServer.withServer({ request in
            let told =
                "\(request.method.rawValue) \(request.url.drop { $0 != "f" }) "
                + String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
            return LoopbackServer.Reply(status: status, chunks: chunks(answer ?? told))
        }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let function = HTTPFunction(url: base + path, method: method, transport: transport)
                return try await function.call(["city": "Rome & more", "days": 2])
            }
        }
    }

    @Test("Arguments travel as a JSON body, or in the query, and the answer is what the model is told")
    func http() async throws {
        #expect(try await call().hasSuffix(#"{"city":"Rome & more","days":2}"#))
        #expect(try await call(.get).contains("f?city=Rome%20%26%20more&days=2"))
        #expect(try await call(.get, path: "/f?key=1").contains("f?key=1&city=Rome"))
    }

    @Test("A refusal, silence and too much are failures that the model is told")
    func httpFailures() async throws {
        let refused = await #expect(throws: FunctionFailure.self) { try await call(status: 503, answer: "closed") }
        #expect(refused?.message == "The function answered with status 503: closed")
        let long = String(repeating: "x", count: functionOutputLimit + 1)
        await #expect(throws: FunctionFailure("The function's answer is longer than 1024 KiB.")) {
            try await call(answer: long)
        }
        let nobody = HTTPFunction(url: "http://f", transport: ScriptedTransport([]))
        await #expect(throws: FunctionFailure("The function could not be called: connection refused")) {
            try await nobody.call([:])
        }
    }

    private func run(
        _ script: String, timeout: Duration = .seconds(120), environment: [String: String] = [:]
    ) async throws -> String {
        try await withTemporaryDirectory { directory in
            let environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
            let function = ProgramFunction(
                ["sh", "-c", script], in: directory, timeout: timeout, environment: environment)
            return try await function.call(["city": "Rome"])
        }
    }

    @Test("A program gets its arguments on standard input, and no variable that could hold a secret")
    func program() async throws {
        #expect(try await run("cat") == #"{"city":"Rome"}"#)
        #expect(try await run("env", environment: ["TOKEN": "secret", "LANG": "C"]).contains("secret") == false)
        #expect(try await run("echo $LANG", environment: ["LANG": "C"]) == "C\n")
        #expect(try await run("true") == "")
        await #expect(throws: FunctionFailure("The function wrote what is not UTF-8 text.")) {
            try await run(#"printf "a\377b""#)
        }
    }

    @Test("A program that fails, writes too much, never ends or is not there is a failure")
    func programFailures() async throws {
        await #expect(throws: FunctionFailure("The function failed with exit code 3: no such city")) {
            try await run("echo no such city >&2; exit 3")
        }
        await #expect(throws: FunctionFailure("The function was ended by the signal 9: it said nothing.")) {
            try await run("kill -9 $$")
        }
        await #expect(throws: FunctionFailure("The function wrote more than 1024 KiB.")) {
            try await run("head -c 1100000 /dev/zero")
        }
        await #expect(throws: FunctionFailure("The function did not end within 200 ms.")) {
            try await run("sleep 60", timeout: .milliseconds(200))
        }
        let missing = ProgramFunction(["/nowhere/weather"], in: "/", environment: [:])
        await #expect(throws: FunctionFailure.self) { try await missing.call([:]) }
    }

    @Test("A redirect is followed, and an answer in another charset is read as it says")
    func redirects() async throws {
        let answer = try await LoopbackServer.withServer({ request in
            guard request.url.hasSuffix("/new") else {
                return LoopbackServer.Reply(status: 308, headers: [("location", "/new")], chunks: chunks(""))
            }
            let body = (try? request.body?.collected()) ?? []
            return LoopbackServer.Reply(
                headers: [("content-type", "text/plain; charset=iso-8859-1")],
                chunks: AsyncThrowingStream { continuation in
                    continuation.yield(body + [0xE9])
                    continuation.finish()
                })
        }) { base in
            try await AsyncHTTPTransport.withTransport {
                try await HTTPFunction(url: base + "/old", transport: $0).call(["city": "Rome"])
            }
        }
        #expect(answer == #"{"city":"Rome"}é"#)
    }

    @Test(
        "A program that the system would not start is told with the reason",
        arguments: [
            ("#!/bin/sh\r\ncat\n", "Its first line ends with a carriage return (CRLF)"),
            ("cat\n", "It has no interpreter line"), ("", "It is empty."),
            ("\u{FEFF}#!/bin/sh\ncat\n", "A byte order mark stands before its `#!`"),
            ("#!/bin/nosuchshell\n", "Its first line names the interpreter `/bin/nosuchshell`, which is not there."),
            ("#!/usr/bin/env nosuchshell\n", "Its first line names the interpreter `nosuchshell`, which is not there."),
            ("#!\n", "Its first line names no interpreter."),
        ])
    func unstartable(content: String, reason: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/handler"
            #expect(FileManager.default.createFile(atPath: path, contents: Data(content.utf8)))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            let problem = ProgramFile(path, searchPath: "/usr/bin:/bin").problem
            #expect(problem?.reason.hasPrefix(reason) == true)
            let function = ProgramFunction(["./handler"], in: directory, environment: ["PATH": "/usr/bin:/bin"])
            let failure = await #expect(throws: FunctionFailure.self) { try await function.call([:]) }
            // `env` itself says which program it does not find.
            if !content.contains("/env ") { #expect(failure?.message.contains(reason) == true) }
        }
    }

    @Test("A program that can be started is not complained of")
    func startable() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/handler"
            #expect(FileManager.default.createFile(atPath: path, contents: Data("#!/usr/bin/env -S sh -e\ncat\n".utf8)))
            #expect(ProgramFile(path, searchPath: "/usr/bin:/bin").problem == nil)
        }
        #expect(ProgramFile("/bin/sh", searchPath: nil).problem == nil)
        #expect(ProgramFile.path(of: "sh", in: "/", searchPath: "/usr/bin:/bin") != nil)
        #expect(ProgramFile.path(of: "nosuchshell", in: "/", searchPath: "/usr/bin:/bin") == nil)
    }

    @Test("Arguments that do not fit on the disk are a failure that is told")
    func fullDisk() throws {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        #expect(throws: FunctionFailure("The function's arguments could not be written: No space left on device.")) {
            try ProgramFunction.fill(full, with: ["city": "Rome"])
        }
    }

    @Test(
        "What a program has started ends with it, also what does not want to, and what was left behind",
        arguments: [
            ("sleep 600 & echo $! >'FILE'; wait", false),
            ("(trap '' TERM; exec sleep 600) & echo $! >'FILE'; wait", false),
            ("sleep 600 >/dev/null 2>&1 & echo $! >'FILE'", true),
        ])
    func children(script: String, ends: Bool) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "drover-child-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let script = script.replacing("FILE", with: file)
        if ends {
            #expect(try await run(script) == "")
        } else {
            await #expect(throws: FunctionFailure("The function did not end within 3 s.")) {
                try await run(script, timeout: .seconds(3))
            }
        }
        let pid = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
            .filter(\.isNumber)
        try #require(!pid.isEmpty)
        // Empty for one that has ended and that nobody has asked about yet. A killed one may end a little later.
        var command = Data()
        for _ in 0..<100 {
            command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            if command.isEmpty { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(command.isEmpty, "\(String(decoding: command, as: UTF8.self)) goes on.")
    }
}
