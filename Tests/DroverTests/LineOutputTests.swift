import Glibc
import Support
import Synchronization
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

    @Test("What waits at the end is written to its last line, when somebody takes it then")
    func settled() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let (output, lines, from) = (LineOutput(ends[1]), (0..<50_000).map { "line \($0)" }, ends[0])
        let isWritten = Atomic(false)
        async let writing: Void = output.flushing(patience: .seconds(120)) {
            for line in lines { output.write(line) }
            #expect(!output.flush(), "More than a pipe holds.")
            isWritten.store(true, ordering: .releasing)
        }
        // Whoever read meanwhile might leave nothing for the end.
        while !isWritten.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(10)) }
        var said = ""
        while !said.hasSuffix("\n\(lines.last ?? "")\n") {
            said += taken(from: from)
            try await Task.sleep(for: .milliseconds(10))
        }
        try await writing
        #expect(said.split(separator: "\n").map(String.init) == lines)
    }

    @Test("What a full disk does not take waits until there is room again")
    func full() throws {
        try withPipe { from, to in
            let descriptor = open("/dev/full", O_WRONLY)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            let output = LineOutput(descriptor)
            output.write("one")
            #expect(!output.flush())
            try #require(dup2(to, descriptor) == descriptor)
            output.write("two")
            #expect(taken(from: from) == "one\ntwo\n")
        }
    }

    @Test("A line that is longer than all that may wait is told as dropped")
    func long() throws {
        try withPipe { from, to in
            let output = LineOutput(to, limit: 10) { "\($0) lost" }
            output.write("a line that is too long")
            #expect(taken(from: from) == "1 lost\n")
        }
    }

    @Test("Notes hold up nobody: while nobody takes them they wait, too")
    func notes() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let (from, text) = (ends[0], String(repeating: "x", count: 70_000))
        let said = try await Console.noting(on: LineOutput(ends[1])) {
            Console.note(text)  // More than a pipe holds.
            Console.note("the end of it")
            var said = ""
            while !said.contains("the end of it\n") {
                said += taken(from: from)
                try await Task.sleep(for: .milliseconds(10))
            }
            return said
        }
        // Tests that run beside this one may note something, too.
        #expect(said.contains("\(text)\n"), "\(said.count)")
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

    /// Its standard error goes into a pipe that is full when it has something to note.
    private static let silenced = #"""
        mkfifo notes
        exec 3<>notes
        echo 'ann first-of-her-tokens' >tokens
        "$DROVER" serve --port 0 --auth-token-file tokens >log 2>notes 3>&- &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        while read -r line <&3; do
            case $line in
            Listening*) url=$(echo "$line" | sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p') ;;
            Serving*) break ;;
            *) echo "$line" ;;
            esac
        done
        dd if=/dev/zero of=notes oflag=nonblock bs=4096 count=1000 2>/dev/null
        echo 'ann second-of-her-tokens' >tokens
        kill -HUP $served
        for _ in $(seq 600); do
            code=$(curl -s -m 60 -o answer -w '%{http_code}' -H 'authorization: Bearer second-of-her-tokens' "$url/version")
            [ "$code" = 200 ] && break; sleep 0.1
        done
        echo "read again: $code"
        kill -TERM $served
        for _ in $(seq 600); do kill -0 $served 2>/dev/null || break; sleep 0.1; done
        kill -KILL $served 2>/dev/null
        wait $served; echo "code $?"
        trap - EXIT
        """#

    @Test("A server goes on and ends while nobody takes its notes")
    func silenced() async throws {
        let said = try await ServeCommandTests.running(Self.silenced, ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(said.contains("read again: 200\n") && said.contains("code 0"), "\(said)")
    }

    /// Its standard output is a file, and then a pipe of which somebody begins to take when it is stopped.
    private static let stopped = #"""
        stop() {
            for _ in $(seq 300); do grep -q Serving served.notes && break; kill -0 $served || break; sleep 0.1; done
            url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
            curl -s -m 120 -o answer "$url/health?n=[1-2000]"
        }
        "$DROVER" serve --port 0 >file 2>served.notes &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        stop
        kill -TERM $served; wait $served; echo "code $?"
        echo "file $(grep -c '"path":"/health"' file)"
        mkfifo log
        exec 3<>log
        : >served.notes
        "$DROVER" serve --port 0 >log 2>served.notes 3>&- &
        served=$!
        stop
        head -n 2000 <&3 >taken &
        reader=$!
        kill -TERM $served; wait $served; echo "code $?"
        trap - EXIT
        for _ in $(seq 300); do kill -0 $reader 2>/dev/null || break; sleep 0.1; done
        kill $reader 2>/dev/null
        echo "pipe $(grep -c '"path":"/health"' taken)"
        """#

    @Test("The last lines of a server that is stopped are in a file, and in a pipe that somebody reads")
    func stopped() async throws {
        let said = try await ServeCommandTests.running(Self.stopped, ["LLAMASTACK_MODEL": "scripted/llm"])
        #expect(said.contains("file 2000\n") && said.contains("pipe 2000\n"), "\(said)")
        #expect(said.matches(of: /code 0\n/).count == 2, "\(said)")
    }
}
