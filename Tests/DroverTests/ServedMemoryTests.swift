import Fakes
import FoundationEssentials
import Language
import Support
import Synchronization
import Testing
import Wire

@testable import drover

/// What `drover serve` keeps of an answer that is longer than its memory may be.
@Suite("Memory of drover serve")
struct ServedMemoryTests {
    /// 34 MiB, which stand in the stream three times: in pieces, at the end of the message, and at the end of the answer. So it
    /// has more than 100 MB.
    private static let (piece, count) = (String(repeating: "0123456789abcdef", count: 512), 4352)

    /// An answer of OGX 1.5, made while it is read.
    private struct LongAnswer {
        private static let item = #"{"id":"msg_1","type":"message","role":"assistant","content":[{"text":""#
        private static let rest = #"","type":"output_text","annotations":[]}]}"#

        var step = 0

        mutating func next() -> [UInt8]? {
            defer { step += 1 }
            let (count, piece) = (ServedMemoryTests.count, ServedMemoryTests.piece)
            let text: String
            switch step {
            case 0: text = #"data: {"type":"response.created","response":{"id":"resp_1"}}"# + "\n\n"
            case ...count:
                let delta = #"{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"delta":""#
                text = "data: " + delta + piece + "\"}\n\n"
            case count + 1: text = #"data: {"item":"# + Self.item
            case ...(2 * count + 1): text = piece
            case 2 * count + 2:
                text =
                    Self.rest + #","output_index":0,"type":"response.output_item.done"}"#
                    + "\n\n" + #"data: {"response":{"id":"resp_1","output":["# + Self.item
            case ...(3 * count + 2): text = piece
            case 3 * count + 3:
                let usage = #"],"usage":{"input_tokens":1,"output_tokens":2}},"type":"response.completed"}"#
                text = Self.rest + usage + "\n\n"
            case _: return nil
            }
            return Array(text.utf8)
        }
    }

    private static func reply(_ counter: Counted) -> LoopbackServer.Reply {
        let answer = Mutex(LongAnswer())
        return LoopbackServer.Reply(
            headers: [("content-type", "text/event-stream")],
            chunks: AsyncThrowingStream {
                let chunk = answer.withLock { $0.next() }
                counter.value.withLock { $0 += chunk?.count ?? 0 }
                return chunk
            })
    }

    /// A reader that begins, waits until nothing moves any more, and reads on with pauses. What the system receives for it is
    /// bounded: it would take in tens of megabytes for a reader that was fast at first.
    private static let reader = #"""
        import http.client, json, os, socket, sys, time, urllib.request
        url = sys.argv[1]
        def sent():
            return int(urllib.request.urlopen(os.environ["LLAMASTACK_BASE_URL"] + "/sent").read())
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        host, port = url.removeprefix("http://").split(":")
        connection.connect((host, int(port)))
        body = json.dumps({"input": "endless", "stream": True})
        connection.sendall(f"POST /invocations HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read(1000)
        before, now = -1, 0
        while now != before:
            time.sleep(0.5)
            before, now = now, sent()
        print("sent", now)
        end = b""
        while piece := answer.read(1 << 20):
            end = (end + piece)[-300:]
            time.sleep(0.05)
        print("whole", sent())
        print(end.decode())
        """#

    private static let script = #"""
        "$DROVER" serve --port 0 --no-trace >served.log 2>served.notes &
        served=$!
        trap 'kill -KILL $served 2>/dev/null' EXIT
        for _ in $(seq 300); do grep -q "^Serving" served.notes && break; kill -0 $served || break; sleep 0.1; done
        url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
        memory() { sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" /proc/$served/status; }
        curl -sN "$url/invocations" -H 'content-type: application/json' -d '{"input":"short","stream":true}' >short
        idle=$(memory VmRSS)
        echo 5 >/proc/$served/clear_refs  # What the start took is no part of it.
        python3 -c "$READER" "$url"
        echo "memory $(( $(memory VmHWM) - idle ))"
        kill -TERM $served; wait $served
        """#

    @Test("A reader that is slow slows the server behind, and what it has not read yet is nowhere")
    func slowReader() async throws {
        let (fake, sent) = (FakeOGX(), Counted())
        let said = try await LoopbackServer.withServer { request in
            if request.url.hasSuffix("/sent") { return Self.whole(String(sent.value.withLock { $0 })) }
            if case .bytes(let body)? = request.body, String(decoding: body, as: UTF8.self).contains("endless") {
                return Self.reply(sent)
            }
            let response = try await fake.transport.send(request)
            return Self.whole(response.body, response.status, response.headers)
        } _: { llamaStack in
            try await withTemporaryDirectory { directory in
                let environment = [
                    "DROVER": DroverProgram.path, "LLAMASTACK_BASE_URL": llamaStack, "LLAMASTACK_MODEL": "scripted/llm",
                    "READER": Self.reader,
                ]
                let ended = try await DroverProgram(in: directory, environment: environment)
                    .run("/bin/sh", ["-c", Self.script])
                return ended.output + ended.errors
            }
        }
        #expect(said.contains(#""type":"response.completed""#) && said.contains("[DONE]"), "\(said)")
        let (read, grown) = (Self.number("sent", in: said), Self.number("memory", in: said))
        let stood = try #require(read, "\(said)")
        #expect(Self.number("whole", in: said) ?? 0 > 100_000_000, "\(said)")
        // Of 102 MiB; how much the sockets on both sides hold is up to the system.
        #expect(stood > 0 && stood < 56 << 20, "\(stood) bytes were sent for somebody who does not read.")
        let kilobytes = try #require(grown, "\(said)")
        #expect(kilobytes < 16 << 10, "\(kilobytes) kB more than before.")
    }

    @Test("What code only the start needed is given back")
    func programPages() throws {
        func mapped() throws -> Int {
            let maps = String(decoding: try FileBytes.read("/proc/self/smaps", atMost: 64 << 20), as: UTF8.self)
            var (isCode, total) = (false, 0)
            for line in maps.split(separator: "\n") {
                let fields = line.split(separator: " ")
                if fields.first?.hasSuffix(":") == false { isCode = ProgramPages.code(in: line) != nil }
                if isCode, fields.first == "Rss:" { total += fields.dropFirst().first.flatMap { Int($0) } ?? 0 }
            }
            return total
        }
        let before = try mapped()
        ProgramPages.giveBack()
        let after = try mapped()
        #expect(before > 4096 && after < before / 2, "\(before) kB, then \(after) kB")
    }

    @Test("Only code that stands in a file is given back")
    func programCode() {
        let line = "55d0c0a00000-55d0c2f00000 r-xp 00a00000 fe:00 1234                       /opt/my drover"
        #expect(ProgramPages.code(in: line[...]) == 0x55d0_c0a0_0000..<0x55d0_c2f0_0000)
        for other in [
            line.replacing("r-xp", with: "rw-p"), line.replacing("r-xp", with: "r--p"), "",
            "7ffd1000-7ffd2000 r-xp 00000000 00:00 0                          [vdso]", "7ffd1000-7ffd2000 r-xp 0 0:0 0",
            "x-y r-xp 0 0 0 /opt/drover",
        ] {
            #expect(ProgramPages.code(in: other[...]) == nil, "\(other)")
        }
    }

    private final class Counted: Sendable {
        let value = Mutex(0)
    }

    private static func number(_ name: String, in text: String) -> Int? {
        text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    private static func whole(
        _ body: some Sequence<UInt8>, _ status: Int = 200, _ headers: [(name: String, value: String)] = []
    ) -> LoopbackServer.Reply {
        LoopbackServer.Reply(
            status: status, headers: headers,
            chunks: AsyncThrowingStream { continuation in
                continuation.yield(Array(body))
                continuation.finish()
            })
    }

    private static func whole(_ text: String) -> LoopbackServer.Reply {
        whole(text.utf8)
    }
}
