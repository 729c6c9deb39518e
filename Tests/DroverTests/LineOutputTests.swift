import Glibc
import Support
import Testing

@testable import drover

@Suite("Lines of a log", .timeLimit(.minutes(5)))
struct LineOutputTests {
    /// Both ends of a pipe while a body runs.
    private func withPipe(_ body: (_ from: Int32, _ to: Int32) throws -> Void) throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try body(ends[0], ends[1])
    }

    /// What a pipe holds now.
    private func taken(from end: Int32) -> String {
        var bytes: [UInt8] = []
        var waiting = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, 0) > 0 {
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = read(end, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("A line goes out at once where somebody takes it")
    func atOnce() throws {
        try withPipe { from, to in
            LineOutput(to).write("one")
            #expect(taken(from: from) == "one\n")
        }
    }

    @Test("Nobody waits for who takes nothing; the first lines are kept whole and in order, the others are counted")
    func held() throws {
        try withPipe { from, to in
            let output = LineOutput(to, limit: 100_000)
            let lines = (0..<20_000).map { "line \($0)" }
            for line in lines { output.write(line) }
            var said = ""
            repeat { said += taken(from: from) } while !output.flush()
            said += taken(from: from)
            let told = said.split(separator: "\n").map(String.init)
            let kept = told.dropLast()
            #expect(kept.count > 1000 && Array(kept) == Array(lines.prefix(kept.count)))
            #expect(told.last == "{\"dropped\":\(lines.count - kept.count)}")
            output.write("after")
            #expect(taken(from: from) == "after\n")
        }
    }

    @Test("What nobody reads any more is dropped")
    func gone() throws {
        signal(SIGPIPE, SIG_IGN)  // As the program does.
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[1]) }
        close(ends[0])
        let output = LineOutput(ends[1])
        output.write("one")
        #expect(output.flush())
    }

    /// Its standard output goes into a pipe that nobody reads.
    private static let script = #"""
        mkfifo log
        exec 3<>log
        "$DROVER" serve --port 0 >log 2>served.notes 3>&- &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        for _ in $(seq 300); do grep -q Serving served.notes && break; kill -0 $served || break; sleep 0.1; done
        url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
        curl -s -m 120 -o answer -w '%{http_code}\n' "$url/health?n=[1-2000]" | sort | uniq -c
        kill -TERM $served; wait $served; echo "code $?"
        trap - EXIT
        cat served.notes
        """#

    @Test("A server answers and ends while nobody takes its log")
    func server() async throws {
        let said = try await ServeCommandTests.running(Self.script, ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(said.contains("2000 200\n") && said.contains("code 0"), "\(said)")
    }
}
