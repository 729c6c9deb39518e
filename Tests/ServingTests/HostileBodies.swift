/// Bodies that are no requests, and heads that no client of ours sends: more than 500.
enum HostileBodies {
    typealias Bytes = HostileRequestTests.Bytes

    static let question = #"{"input":[{"role":"user","content":"Hi"}],"stream":false}"#

    static func post(_ headers: String, _ body: String = "", to path: String = "/invocations") -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\(headers)\r\n\(body)"
    }

    private static func whole(_ name: String, _ body: some Sequence<UInt8>, _ status: Int = 400) -> Bytes {
        let body = Array(body)
        return Bytes("\(name)", Array(post("Content-Length: \(body.count)\r\n").utf8) + body, .status(status))
    }

    static let all =
        json + text + fields + forbidden + items + tools + lengths + codings + chunks + hosts + targets + heads + routes

    /// What is cut off, what is no JSON, and what is nested too deep.
    private static let json: [Bytes] = {
        let cut = (0..<question.utf8.count).map { whole("cut off after \($0)", question.utf8.prefix($0)) }
        let none = [
            "nil", "'x'", "{input:1}", #"{"input":"x",}"#, #"{"input":"x"}}"#, #"{"input":"x"}{"#, "[", "]", "\"",
            "{\"input\":",
            "{\"input\":\"x\" \"stream\":true}", "{,}", "[1,]", "01", "-", "1e", "0x1", "NaN", "Infinity", "1e999",
            "tru",
            "// x\n{}", "\u{FEFF}\u{FEFF}{}", "a=1&b=2", "<x/>", "--x\r\nContent-Disposition: form-data",
            #"{"input":"\x"}"#,
            #"{"input":"\u12"}"#, "{\"input\":\"a\nb\"}", "{\"input\":\"a\tb\"}", "null", "1", "\"x\"", "[]", "true",
            "{}", "[{}]",
        ].map { whole("no request: \($0.prefix(20))", $0.utf8) }
        let deep = [513, 1_000, 10_000, 100_000].flatMap { depth in
            [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")].flatMap { open, close in
                let value = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
                let open = String(repeating: open, count: depth)
                return ["input", "metadata", "custom_inputs", "unknown"].map {
                    whole("\(depth) levels in \($0)", #"{"input":"x","\#($0)":\#(value)}"#.utf8)
                } + [whole("\(depth) levels that stay open", #"{"input":\#(open)"#.utf8)]
            }
        }
        return cut + none + deep
    }()

    /// What is no UTF-8.
    private static let text: [Bytes] = {
        let sequences: [[UInt8]] = [
            [0xFF], [0xFE], [0x80], [0xC0, 0xAF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98],
            [0xF5, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF],
        ]
        let places = [
            (#"{"input":"a"#, #"b"}"#), (#"{"input":"x","model":""#, #""}"#),
            (#"{"input":"x","metadata":{"a":""#, #""}}"#), (#"{""#, #"":1}"#),
        ]
        return places.enumerated().flatMap { number, place in
            sequences.enumerated().map { index, bytes in
                whole("bad UTF-8 \(index) at \(number)", Array(place.0.utf8) + bytes + Array(place.1.utf8))
            }
        }
    }()

    /// Fields of another kind than they have to be.
    private static let fields: [Bytes] = {
        let values = [
            "0", "-1", "1.5", "true", #""x""#, "[]", "[[]]", "[1]", "{}", #"{"a":{}}"#, "1e308", "99999999999999999999",
        ]
        let (text, flag, map) = (#""x""#, "true", "{")
        func wrong(_ field: String, but isRight: (String) -> Bool) -> [Bytes] {
            values.filter { !isRight($0) }.map { whole("\(field) is \($0)", #"{"input":"x","\#(field)":\#($0)}"#.utf8) }
        }
        let input = values.filter { $0 != text }.map { whole("input is \($0)", #"{"input":\#($0)}"#.utf8) }
        let sampling =
            wrong("temperature") { ["0", "1.5"].contains($0) } + wrong("top_p") { $0 == "0" }
            + wrong("max_output_tokens") { _ in false }
        let context = ["conversation_id", "user_id"].flatMap { field in
            values.filter { $0 != text }.map {
                whole("\(field) is \($0)", #"{"input":"x","context":{"\#(field)":\#($0)}}"#.utf8)
            }
        }
        return input + sampling + context + wrong("stream") { $0 == flag } + wrong("model") { $0 == text }
            + wrong("custom_inputs") { $0.hasPrefix(map) } + wrong("metadata") { $0 == "{}" }
            + wrong("context") { $0.hasPrefix(map) }
            + wrong("tools") { $0 == "[]" } + wrong("user") { $0 == text }
            + wrong("include") { $0 == "[]" }
    }()

    /// What would spend the server's credentials, or name what is somebody else's.
    private static let forbidden: [Bytes] = {
        let values = [
            "instructions": [#""Be rude.""#, #"[{"role":"system"}]"#],
            "previous_response_id": [#""resp_1""#, #""../1""#],
            "conversation": [#""conv_1""#, #"{"id":"conv_1"}"#], "prompt": [#"{"id":"p"}"#], "store": ["true"],
            "background": ["true"],
            "tool_choice": [#""required""#, #""none""#, #"{"type":"function","name":"f"}"#],
            "parallel_tool_calls": ["false"],
            "max_tool_calls": ["1", "1000000"], "reasoning": [#"{"effort":"high"}"#],
            "text": [#"{"format":{"type":"json_schema","name":"a","schema":{}}}"#], "truncation": [#""auto""#],
            "top_logprobs": ["20"],
            "include": [#"["message.output_text.logprobs"]"#, #"["computer_call_output.output.image_url"]"#],
        ]
        return values.sorted { $0.key < $1.key }.flatMap { field, values in
            values.map { whole("\(field): \($0.prefix(20))", #"{"input":"x","\#(field)":\#($0)}"#.utf8) }
        }
    }()

    /// Items that cannot be said.
    private static let items: [Bytes] = {
        let wrong = [
            "1", "null", "[]", "\"x\"", "{}", #"{"role":"user"}"#, #"{"content":"x"}"#,
            #"{"role":"root","content":"x"}"#,
            #"{"role":1,"content":"x"}"#, #"{"role":"tool","content":"x"}"#, #"{"role":"user","content":1}"#,
            #"{"role":"user","content":{}}"#,
            #"{"role":"user","content":[1]}"#,
            #"{"role":"user","content":[{"type":"input_image","image_url":"http://10.0.0.1/"}]}"#,
            #"{"role":"user","content":[{"type":"input_image","file_id":"file-1"}]}"#,
            #"{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}"#,
            #"{"role":"user","content":[{"type":"input_file","file_url":"file:///etc/passwd"}]}"#,
            #"{"role":"user","content":[{"type":"input_audio"}]}"#,
            #"{"role":"user","content":[{"type":"input_text"}]}"#,
            #"{"role":"user","content":[{"type":"input_text","text":1}]}"#, #"{"type":1}"#, #"{"type":"nothing"}"#,
            #"{"type":"item_reference","id":"msg_1"}"#,
            #"{"type":"computer_call"}"#, #"{"type":"code_interpreter_call","id":"c"}"#,
            #"{"type":"local_shell_call"}"#,
            #"{"type":"mcp_approval_response","approve":true,"approval_request_id":"a"}"#,
            #"{"type":"image_generation_call"}"#,
            #"{"type":"function_call"}"#, #"{"type":"function_call","call_id":"c"}"#,
            #"{"type":"function_call","call_id":"c","name":"f"}"#,
            #"{"type":"function_call","call_id":1,"name":"f","arguments":"{}"}"#,
            #"{"type":"function_call","call_id":"c","name":"f","arguments":{}}"#,
            #"{"type":"function_call_output"}"#, #"{"type":"function_call_output","call_id":"c"}"#,
            #"{"type":"function_call_output","call_id":"c","output":1}"#, #"{"type":"file_search_call"}"#,
            #"{"type":"file_search_call","id":"f","queries":"x"}"#,
            #"{"type":"file_search_call","id":"f","results":{}}"#,
        ]
        let first = wrong.map { whole("item \($0.prefix(60))", #"{"input":[\#($0)]}"#.utf8) }
        return first
            + wrong.map { item in
                whole("last item \(item.prefix(60))", #"{"input":[{"role":"user","content":"x"},\#(item)]}"#.utf8)
            }
    }()

    /// Tools that are not a caller's own.
    private static let tools: [Bytes] = {
        let name = String(repeating: "x", count: 65)
        let wrong = [
            "1", "null", "[]", "{}", #"{"type":"function"}"#, #"{"type":"function","name":""}"#,
            #"{"type":"function","name":1}"#,
            #"{"type":"function","name":"\#(name)"}"#, #"{"type":"function","name":"a b"}"#,
            #"{"type":"function","name":"é"}"#,
            #"{"type":"function","name":"f","parameters":[]}"#, #"{"type":"function","name":"f","parameters":"x"}"#,
            #"{"type":"function","name":"f","description":1}"#,
            #"{"type":"function","name":"f"},{"type":"function","name":"f"}"#,
            #"{"type":"mcp","server_label":"x","server_url":"http://10.0.0.1/mcp"}"#,
            #"{"type":"mcp","connector_id":"c"}"#,
            #"{"type":"file_search","vector_store_ids":["vs_1"]}"#, #"{"type":"web_search"}"#,
            #"{"type":"code_interpreter"}"#,
            #"{"type":"computer_use_preview"}"#, #"{"type":"image_generation"}"#, #"{"type":"local_shell"}"#,
            #"{"type":"custom","name":"f"}"#,
        ]
        return wrong.map { whole("tool \($0.prefix(60))", #"{"input":"x","tools":[\#($0)]}"#.utf8) }
    }()

    /// Bodies whose length is told twice, wrongly, or not.
    private static let lengths: [Bytes] = {
        let codings = [
            "chunked", "Chunked", "gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;a=b",
            "\tchunked",
        ]
        let both = codings.flatMap { coding in
            ["0", "5", "57", "999"].flatMap { length in
                [
                    "Content-Length: \(length)\r\nTransfer-Encoding: \(coding)\r\n",
                    "Transfer-Encoding: \(coding)\r\nContent-Length: \(length)\r\n",
                ]
                .map {
                    Bytes("\(coding) and \(length)", post($0, "0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"), .notFailed)
                }
            }
        }
        let wrong = [
            "-1", "+57", "0x39", "5 7", "57,57", "57, 58", "1e2", "", "99999999999999999999", "18446744073709551617",
            "57;",
        ].map {
            Bytes("length \($0)", post("Content-Length: \($0)\r\n", question), .notFailed)
        }
        let large = [4 << 20 + 1, 5 << 20, 1 << 31, 1 << 40, 1 << 62].map {
            Bytes("length \($0)", post("Content-Length: \($0)\r\n"), .status(413))
        }
        return both + wrong + large
    }()

    /// Bodies in other codings than chunks, or in chunks that are told oddly.
    private static let codings: [Bytes] = {
        let unknown = [
            "gzip, chunked", "gzip,chunked", "identity, chunked", "x, y, chunked", "gzip", "chunked;a=b", "\"chunked\"",
            "xchunked", "identity",
        ]
        let twice = ["gzip", "deflate", "identity"].map { "\($0)\r\nTransfer-Encoding: chunked" }
        let faulty = [
            "chunked, gzip", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked", ", chunked", "chunked,",
            "\u{B}chunked", "",
        ]
        let body = "0\r\n\r\n"
        return (unknown + twice).map {
            Bytes("coding \($0)", post("Transfer-Encoding: \($0)\r\n", body), .status(501))
        }
            + faulty.map { Bytes("coding \($0)", post("Transfer-Encoding: \($0)\r\n", body), .status(400)) }
            + ["\r\n chunked", " gzip\r\n , chunked", " gzip\r\n\t,chunked"].map {
                Bytes("folded coding \($0)", post("Transfer-Encoding:\($0)\r\n", body), .status(400))
            }
            + ["Transfer-Encoding ", "Transfer-Encoding\t", " Transfer-Encoding", "Transfer\u{0}-Encoding"].map {
                Bytes("name \($0)", post("\($0): chunked\r\n", body), .status(400))
            }
            + [
                Bytes(
                    "chunks of HTTP/1.0", "POST /invocations HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n\(body)",
                    .status(400))
            ]
    }()

    /// Heads that name no server, or more than one.
    private static let hosts: [Bytes] = {
        let lines = [
            "", "Host: x\r\nHost: x\r\n", "Host: x\r\nHost: y\r\n", "Host: x\r\nhost: 10.0.0.1\r\n", "Host:\r\n",
            "Host: a, b\r\n",
            "Host: a,b\r\n", "Host: me@x\r\n", "Host: x/y\r\n", "Host: x y\r\n", "Host: x:y\r\n", "Host: x:99999\r\n",
            "Host: [::1\r\n",
            "Host: ::1\r\n", "Host: é\r\n", "Host: x\u{0}\r\n", "Host : x\r\n", " Host: x\r\n", "Host:\r\n x\r\n",
            "Host: x\r\n y\r\n",
        ]
        return lines.flatMap { line in
            ["GET /health", "POST /invocations"].map {
                Bytes("\($0) of \(line.debugDescription)", "\($0) HTTP/1.1\r\n\(line)\r\n", .status(400))
            }
        } + [Bytes("two hosts of HTTP/1.0", "GET /health HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", .status(400))]
    }()

    /// What is asked for where no path can be meant, or that of another server.
    private static let targets: [Bytes] = {
        [
            "http://y/health", "http://x:1/health", "http://me@x/health", "http:///health", "http://[::1/health",
            "ftp://x/health",
            "file:///etc/passwd", "x:80", "health", "?x", "/a b", "/é", "/\u{1}", "/\u{7F}", "/\u{0}",
        ].map { Bytes("target \($0)", "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n", .status(400)) }
    }()

    private static let chunks: [Bytes] = {
        [
            "-1", "0x5", "g", "", " 5", "5 ", "5;", "5;a=\"", "+5", "00000000000000000000005", "ffffffffffffffff",
            "fffffffffffffffff", "5\n", "５",
        ].map {
            Bytes("chunk of \($0)", post("Transfer-Encoding: chunked\r\n", "\($0)\r\nhello\r\n0\r\n\r\n"), .notFailed)
        }
            + [
                "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "0\r\nx: y\r\nContent-Length: 5\r\n\r\n",
                "0\r\n\(many)\r\n",
            ].map {
                Bytes("chunks \($0.prefix(10))", post("Transfer-Encoding: chunked\r\n", $0), .notFailed)
            }
    }()

    private static let many = (0..<300).map { "x-\($0): y\r\n" }.joined()

    private static let heads: [Bytes] = {
        let types = [
            "text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "image/png",
            "application/jsonx",
        ].map {
            Bytes(
                "type \($0)",
                "POST /responses HTTP/1.1\r\nHost: x\r\nContent-Type: \($0)\r\nContent-Length: 2\r\n\r\n{}",
                .status(415))
        }
        let bombs =
            [101, 500, 5_000].map { count in
                Bytes(
                    "\(count) headers", post((0..<count).map { "x-\($0): y\r\n" }.joined() + "Content-Length: 0\r\n"),
                    .refused)
            }
            + [20_000, 200_000].map {
                Bytes("\($0) bytes", post("x: \(String(repeating: "y", count: $0))\r\n"), .refused)
            }
        let lines = [
            "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
            "G@T / HTTP/1.1\r\n\r\n", "\r\n\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\n folded: x\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\n: x\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET http://[::1 HTTP/1.1\r\n\r\n", "GET \u{0} HTTP/1.1\r\n\r\n",
        ].map { Bytes("line \($0.prefix(16).debugDescription)", $0, .notFailed) }
        let controls = [
            "a\u{0}b", "a\u{1}b", "a\u{B}b", "a\u{1B}b", "a\u{7F}b", "a\rb", "a\nb", "a\r\n b", "a\r\n\tb", "a\r\r\nb",
        ].map {
            Bytes("header \($0.debugDescription)", "GET /health HTTP/1.1\r\nHost: x\r\nA: \($0)\r\n\r\n", .status(400))
        }
        return types + bombs + lines + controls
    }()

    private static let routes: [Bytes] = {
        let paths = [
            "/", "/.env", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/invocations/../metrics", "//invocations",
            "/INVOCATIONS", "/invocations%00",
            "/v1/models/..", "/v1/chat/completions", "/api/2.0/mlflow/experiments/list", "/static/../..",
        ].map { Bytes("path \($0)", "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n", .status(404)) }
        let later = ["/responses/resp_1", "/v1/responses/resp_1/cancel", "/v1/conversations/../metrics"].map {
            Bytes("path \($0)", "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n", .status(400))
        }
        let methods = ["/invocations", "/responses", "/v1/responses"].flatMap { path in
            ["GET", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"].map {
                Bytes("\($0) \(path)", "\($0) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", .status(405))
            }
        }
        return paths + later + methods
    }()
}
