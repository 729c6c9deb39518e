import Language
import Support
import Testing

@testable import Wire

@Suite("FrameScanner")
struct FrameScannerTests {
    /// The parts of a stream that arrives in chunks of some length; pieces of one text are joined.
    private func parts(of stream: String, keeping: Int?, chunk: Int = 7) throws -> [FrameScanner.Part] {
        var scanner = FrameScanner(keeping: keeping)
        let bytes = Array(stream.utf8)
        var parts: [FrameScanner.Part] = []
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            for part in try scanner.read(bytes[start..<min(start + chunk, bytes.count)]) {
                if case .piece(let more, let place) = part, case .piece(let text, place)? = parts.last {
                    parts[parts.count - 1] = .piece(text + more, place)
                } else {
                    parts.append(part)
                }
            }
        }
        return parts
    }

    private func frame(_ json: String) -> FrameScanner.Part { .frame(Array(json.utf8)) }

    @Test(
        "A text that a frame repeats keeps its beginning, and all of it is told before", arguments: [1, 2, 3, 5, 100])
    func repeated(chunk: Int) throws {
        let text = #"one \"two\" \\ thrée \u00e9 😀 \ud83d\ude00 and so on"#
        let end = #"","type":"output_text"}]},"type":"response.output_item.done"}"#
        let item = #"{"item":{"content":[{"text":""# + text + end
        let parts = try parts(of: "data: \(item)\n\n", keeping: 10, chunk: chunk)
        #expect(parts.first == .piece(#"one "two" \ thrée é 😀 😀 and so on"#, .item))
        #expect(parts.dropFirst() == [frame(#"{"item":{"content":[{"text":"one \"two"# + end)])
    }

    @Test("Each place in which messages are repeated is told; texts of other places stay whole")
    func places() throws {
        let long = "0123456789"
        let whole = #"""
            {"response":{"id":"\#(long)","output":[{"results":[{"text":"\#(long)"}]},{"content":[{"text":"\#(long)"}]},
            {"content":[{"annotations":[{"text":"\#(long)"}],"text":"\#(long)"}]}],"instructions":"\#(long)"}}
            """#.replacing("\n", with: "")
        let parts = try parts(of: "data: \(whole)\n\n", keeping: 4)
        #expect(parts.dropLast() == [.piece(long, .response(1)), .piece(long, .response(2))])
        guard case .frame(let data)? = parts.last else { return #expect(Bool(false), "No frame.") }
        let kept = try #require(Value(json: data)["response"])
        #expect(kept["id"]?.string == long && kept["instructions"]?.string == long)
        #expect(kept["output"]?.array?[0]["results"]?.array?[0]["text"]?.string == long)
        #expect(kept["output"]?.array?[2]["content"]?.array?[0]["text"] == "0123")
        #expect(kept["output"]?.array?[2]["content"]?.array?[0]["annotations"]?.array?[0]["text"]?.string == long)
        #expect(try self.parts(of: #"data: {"delta":"\#(long)","text":"\#(long)"}"# + "\n\n", keeping: 4).count == 1)
    }

    @Test(
        "Lines, names and comments are read as by the parser of events",
        arguments: [
            "data: 1\n\ndata:2\r\n\r\ndata\r\rdata: a\ndata: b\n\n",
            "\u{FEFF}data: x\n\n: data: no\nevent: data\nid: 7\n\n",
            "data:  two\ndatax: y\n\n\n\ndata: z\n", "dat\ndata:\n\ndata: \"a\ndata: b\"\n\n",
        ])
    func lines(stream: String) throws {
        var parser = ServerSentEventParser()
        let expected = try parser.read(stream.utf8).map { frame($0.data) }
        for chunk in Array(1...8) + [100] {
            for keeping in [2, 4, 100] {
                #expect(try parts(of: stream, keeping: keeping, chunk: chunk) == expected, "\(keeping), \(chunk)")
            }
        }
    }

    @Test("What is no UTF-8 is read as by the parser of events, also in a text that is cut")
    func noUTF8() throws {
        for bad in [[0xF2], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFE]] as [[UInt8]] {
            let frame = Array(#"data: {"part":{"text":"0123456789"#.utf8) + bad + Array("abc\"}}\n\n".utf8)
            var (parser, whole, cut) = (ServerSentEventParser(), FrameScanner(), FrameScanner(keeping: 4))
            let event = try #require(try parser.read(frame).first)
            #expect(try whole.read(frame) == [.frame(Array(event.data.utf8))])
            let text = try #require(try Value(json: event.data.utf8)["part"]?["text"]?.string)
            var told = ""
            for byte in frame {
                for case .piece(let piece, .part) in try cut.read([byte]) { told += piece }
            }
            #expect(told == text)
        }
    }

    @Test("What is no JSON in a text that is cut is none in its frame")
    func noJSON() throws {
        for text in [#"01234\q56789"#, "01234\u{1}56789", #"01234\u00zz"#] {
            let stream = #"data: {"part":{"text":"\#(text)"}}"# + "\n\n"
            guard case .frame(let data)? = try parts(of: stream, keeping: 4).last else {
                return #expect(Bool(false), "No frame.")
            }
            #expect(throws: (any Error).self) { try Value(json: data) }
        }
    }

    @Test("A frame beyond the limit ends the stream; a text that is cut does not count")
    func limit() throws {
        let long = String(repeating: "x", count: 1000)
        var scanner = FrameScanner(keeping: 10, limit: 200)
        #expect(try scanner.read(#"data: {"part":{"text":"\#(long)"}}"#.utf8 + Array("\n\n".utf8)).count == 2)
        #expect(throws: ServerSentEventParser.Overflow(limit: 200)) { try scanner.read("data: \(long)".utf8) }
    }

    @Test("Whatever arrives, and however it is cut, frames are those of the parser, but for the texts that are cut")
    func agreement() throws {
        var random = SplitMix64(seed: 11)
        let pieces = [
            "data: ", "data:", "\n\n", "\n", "\r\n", "\r\n\r\n", "{", "}", "[", "]", "\"", "\\", "\\\"", "\\u", "d83d",
            "\\ude00", ":", ",", #""text""#, #""part""#, #""item":{"#, #""content":[{"#, #""response":{"output":["#,
            "abc",
            "0123456789", "é", "😀", "event: x",
        ]
        for _ in 0..<3_000 {
            var stream = "data: {"
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                stream += pieces.randomElement(using: &random) ?? ""
            }
            try Self.agree(stream + "\n\n", keeping: 6, longest: 9, random: &random)
            // Whole lines that hold no text that is too long, and others after them in the same frame.
            try Self.agree(stream + "\n\n", keeping: 24, longest: 80, random: &random)
        }
    }

    private static func agree(_ stream: String, keeping: Int, longest: Int, random: inout SplitMix64) throws {
        var (parser, whole, cut) = (ServerSentEventParser(), FrameScanner(), FrameScanner(keeping: keeping))
        let expected = try parser.read(stream.utf8).map(\.data)
        var (wholes, cuts): ([FrameScanner.Part], [FrameScanner.Part]) = ([], [])
        var rest = Array(stream.utf8)[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Int.random(in: 1...longest, using: &random))
            rest = rest.dropFirst(chunk.count)
            wholes += try whole.read(chunk)
            cuts += try cut.read(chunk)
        }
        #expect(wholes == expected.map { .frame(Array($0.utf8)) }, "\(stream)")
        let frames = cuts.compactMap { if case .frame(let data) = $0 { data } else { nil } }
        #expect(frames.count == expected.count, "\(stream)")
        for (frame, text) in zip(frames, expected) {
            #expect(((try? Value(json: frame)) == nil) == ((try? Value(json: text.utf8)) == nil), "\(stream)")
        }
    }
}
