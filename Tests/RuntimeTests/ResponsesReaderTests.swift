import Fakes
import Foundation
import Language
import Testing
import Wire

@testable import Runtime

/// The reader against streams recorded from OGX 1.5.0, and the error frames of all versions.
@Suite struct ResponsesReaderTests {
    private let agent = AgentDefinition(
        name: "support", model: "m", instructions: "",
        tools: [ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"]))]
    )

    private func frames(_ name: String) throws -> [String] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "sse"))
        var parser = ServerSentEventParser()
        return try parser.read(Data(contentsOf: url)).map(\.data)
    }

    private func read(_ frames: [String]) throws -> (Answer?, [ResponsesReader.Happening]) {
        var reader = ResponsesReader(agent)
        let happenings = try frames.enumerated().flatMap { try reader.read(Array($1.utf8), at: .milliseconds($0)) }
        return (reader.answer, happenings)
    }

    @Test("A recorded file search gives documents, call, citation and usage")
    func fileSearch() throws {
        let (read, _) = try read(frames("08-resp-file-search-stream"))
        let answer = try #require(read)
        #expect(answer.retrieved.map(\.document) == ["a.txt"] && answer.retrieved.map(\.score) == [0.9622499140255081])
        #expect(answer.retrieved.first?.text?.hasPrefix("The capital of Freedonia is Fredville.") == true)
        #expect(answer.cited == ["a.txt"])
        #expect(answer.toolCalls.map(\.name) == ["knowledge"])
        #expect(answer.toolCalls.first?.arguments == ["query": "capital of Freedonia"])
        #expect(answer.usage == Answer.Usage(input: 20, output: 10))
        #expect(answer.steps == 2)
        #expect(answer.streamedText == answer.text)
        #expect(answer.latency == .milliseconds(23))
    }

    @Test(
        "Pieces that are taken at once are those that would have been events, and nothing else changes",
        arguments: ["08-resp-file-search-stream", "08-resp-mcp-stream", "08-resp-stream", "ogx-refusal-stream"],
        [nil, 24])
    func atOnce(_ name: String, keeping: Int?) throws {
        var (plain, skimming) = (ResponsesReader(agent, keeping: keeping), ResponsesReader(agent, keeping: keeping))
        var (told, said) = ("", "")
        for (number, frame) in try frames(name).enumerated() {
            let (part, time) = (FrameScanner.Part.frame(Array(frame.utf8)), Duration.milliseconds(number))
            for case .event(.text(let text)) in try plain.read(part, at: time) { told += text }
            if let piece = skimming.continuation(part, at: time) {
                said += piece
            } else {
                for case .event(.text(let text)) in try skimming.read(part, at: time) { said += text }
            }
        }
        #expect(said == told && skimming.answer == plain.answer && plain.answer != nil)
    }

    @Test("Only a frame that goes on with the message is taken at once; of any other nothing is read")
    func continuation() throws {
        func delta(_ text: String, _ item: String = "msg_1") -> FrameScanner.Part {
            .frame(Array(#"{"type":"response.output_text.delta","delta":"\#(text)","item_id":"\#(item)"}"#.utf8))
        }
        let agent = AgentDefinition(name: "support", model: "m", instructions: "")
        var reader = ResponsesReader(agent, keeping: 8)
        #expect(reader.continuation(delta("The "), at: .zero) == nil, "It begins a message.")
        _ = try reader.read(delta("The "), at: .zero)
        #expect(reader.continuation(delta("fox"), at: .zero) == "fox")
        #expect(reader.continuation(delta(" runs"), at: .zero) == nil, "It becomes too long.")
        #expect(reader.continuation(delta("x", "msg_2"), at: .zero) == nil)
        for other in [
            "{", "{}", #"{"type":"response.output_text.delta","item_id":"msg_1"}"#,
            #"{"type":"response.output_text.delta","delta":1,"item_id":"msg_1"}"#,
            #"{"type":"response.refusal.delta","delta":"x","item_id":"msg_1"}"#,
        ] {
            #expect(reader.continuation(.frame(Array(other.utf8)), at: .zero) == nil, "\(other)")
        }
        #expect(reader.continuation(.piece("x", .item), at: .zero) == nil)
        // Escapes are read as what they mean.
        let escaped = #"{"type":"response.output\u005ftext.delta","delta":"!","item_id":"msg\u005f1"}"#
        #expect(reader.continuation(.frame(Array(escaped.utf8)), at: .zero) == "!")
    }

    @Test("Tokens that cannot be true are not told, and what comes behind the last frame is nothing")
    func odd() throws {
        let usage = #"{"input_tokens":9223372036854775807,"output_tokens":1}"#
        let end = #"{"type":"response.completed","response":{"id":"r","status":"completed","usage":\#(usage)}}"#
        let (answer, _) = try read([end, "[DONE]"])
        #expect(answer?.status == .completed && answer?.usage == nil)
    }

    @Test("Cached tokens and those of thinking are read; what else stands there is as good as nothing")
    func details() throws {
        func usage(_ input: String, _ output: String) throws -> Answer.Usage? {
            let details = #""input_tokens_details":\#(input),"output_tokens_details":\#(output)"#
            let usage = #"{"input_tokens":20,"output_tokens":10,\#(details)}"#
            let end = #"{"type":"response.completed","response":{"id":"r","status":"completed","usage":\#(usage)}}"#
            return try read([end]).0?.usage
        }
        var told = Answer.Usage(input: 20, output: 10)
        #expect(try usage("null", #""?""#) == told)
        #expect(try usage(#"{"cached_tokens":-1}"#, "{}") == told)
        (told.cached, told.reasoning) = (16, 4)
        #expect(try usage(#"{"cached_tokens":16}"#, #"{"reasoning_tokens":4}"#) == told)
        let both = Answer.Usage.sum(told, told)
        #expect(both?.cached == 32 && both?.reasoning == 8)
        #expect(try Value(encoding: told) == ["input": 20, "output": 10], "Records stay as they are.")
    }

    @Test("A recorded MCP call gives its name, server, arguments and result")
    func mcpCall() throws {
        let (read, happenings) = try read(frames("08-resp-mcp-stream"))
        let call = Answer.ToolCall(
            name: "greet", tool: "lab", arguments: ["name": "please greet Ann"], result: "Hello, please greet Ann!"
        )
        #expect(read?.toolCalls == [call])
        #expect(read?.steps == 2)
        #expect(
            happenings.prefix(3) == [
                .created("resp_8f21db21-9529-4537-84d9-14af696e8d37"), .event(.toolStarted(name: "greet")),
                .event(.toolFinished(call)),
            ])
    }

    @Test("A recorded plain stream gives one step and its text")
    func plain() throws {
        let (read, _) = try read(frames("08-resp-stream"))
        #expect(read?.steps == 1)
        #expect(read?.hasMessage == true)
        #expect(read?.text.isEmpty == false)
    }

    @Test(
        "A recorded stream is read by the scanner as it is whole, however it is cut, and without texts that are told again",
        arguments: [
            "08-resp-file-search-stream", "08-resp-mcp-stream", "08-resp-stream", "ogx-refusal-stream",
            "0.2.24/08-resp-file-search-stream", "0.2.24/08-resp-mcp-stream", "0.4.7/08-resp-file-search-stream",
            "0.7.3/08-resp-file-search-stream",
        ])
    func scanned(_ name: String) throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "sse"))
        let (frames, bytes) = (try frames(name), Array(try Data(contentsOf: url)))
        let expected = try read(frames)
        for (keeping, chunk) in [(nil, 1), (nil, 4096), (8, 1), (8, 7), (8, 4096)] as [(Int?, Int)] {
            var (scanner, reader) = (FrameScanner(keeping: keeping), ResponsesReader(agent))
            var (number, happenings) = (0, [ResponsesReader.Happening]())
            var texts: [RepeatedText: String] = [:]
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                for part in try scanner.read(bytes[start..<min(start + chunk, bytes.count)]) {
                    if case .piece(let text, let place) = part { texts[place, default: ""] += text }
                    guard case .frame(let frame) = part else { continue }
                    if keeping == nil { #expect(String(decoding: frame, as: UTF8.self) == frames[number]) }
                    happenings += try reader.read(frame, at: .milliseconds(number))
                    number += 1
                }
            }
            #expect(number == frames.count && happenings == expected.1)
            var answer = try #require(reader.answer)
            if keeping != nil, let whole = expected.0 {
                for text in texts.values { #expect(whole.text == text) }
                #expect(name == "ogx-refusal-stream" || texts[.part] != nil)
                answer.text = whole.text
            }
            #expect(answer == expected.0)
        }
    }

    @Test("A recorded refusal is one, with its words, which the last frame does not have")
    func refusal() throws {
        let (read, happenings) = try read(frames("ogx-refusal-stream"))
        let answer = try #require(read)
        #expect(answer.refuses == true && answer.status == .completed && answer.hasMessage)
        #expect(answer.text == "I cannot help with that." && answer.streamedText == answer.text && answer.steps == 1)
        #expect(happenings.contains(.event(.text("I cannot help with that."))))
    }

    @Test("A recorded error frame is thrown with its words")
    func recordedError() throws {
        #expect(
            throws: ResponsesReader.Failure(
                code: "404", message: "Model 'nope' not found. Use 'client.models.list()' to list available Models.",
                place: .beginning
            )
        ) { try read(frames("08-resp-badmodel-stream")) }
    }

    @Test(
        "Error frames of every version are errors",
        arguments: [
            (#"{"error":{"message":"404: no"}}"#, "404: no", nil),
            (#"{"error":{"message":"no","code":"404"}}"#, "no", "404"),
            (#"{"type":"error","code":"404","message":"no","param":null}"#, "no", "404"),
            (#"{"type":"error"}"#, "The server sent an error without words.", nil),
        ] as [(String, String, String?)])
    func errors(_ frame: String, _ message: String, _ code: String?) {
        #expect(throws: ResponsesReader.Failure(code: code, message: message, place: .beginning)) { try read([frame]) }
    }

    @Test(
        "An error frame of a rate limit is an answer that is put off",
        arguments: [
            #"{"type":"error","code":429,"message":"Rate limit reached. Try again in 2s."}"#,
            #"{"error":{"code":429,"message":"slow down, try again in 2s"}}"#,
            #"{"error":{"message":"429: try again in 2s"}}"#,
        ])
    func putOff(_ frame: String) throws {
        let (answer, _) = try read([frame])
        #expect(answer?.status == .failed && answer?.putOff?.wait == .seconds(2))
    }

    @Test("A response that failed is an answer with that status")
    func failed() throws {
        let frame =
            #"{"type":"response.failed","response":{"id":"r","error":{"code":"server_error","message":"boom"}}}"#
        let (answer, _) = try read([frame])
        #expect(answer?.status == .failed)
        #expect(answer?.error == "boom")
    }

    @Test("Calls asked for at once are one model call; one after the other, two")
    func steps() throws {
        let said = #"{"type":"response.function_call_arguments.delta","delta":"{}"}"#
        let item = #""item":{"type":"mcp_call","name":"t","server_label":"s","arguments":"{}"}}"#
        let run = [#"{"type":"response.output_item.added","# + item, #"{"type":"response.output_item.done","# + item]
        let end = [#"{"type":"response.completed","response":{"id":"r"}}"#]
        #expect(try read([said, said] + run + run + end).0?.steps == 1)
        #expect(try read([said] + run + [said] + run + end).0?.steps == 2)
    }

    /// Pieces as Llama Stack 0.4 streams them, and the text of the answer that it makes of them.
    private func spoken(_ pieces: [String], _ text: String, by agent: AgentDefinition) throws -> (Answer?, [String]) {
        func json(_ text: String) -> String { Value.string(text).canonicalJSON }
        let deltas = pieces.map { #"{"type":"response.output_text.delta","item_id":"m","delta":\#(json($0))}"# }
        let message = #"{"type":"message","id":"m","content":[{"type":"output_text","text":\#(json(text))}]}"#
        var reader = ResponsesReader(agent)
        var told: [String] = []
        for frame in deltas + [#"{"type":"response.completed","response":{"id":"r","output":[\#(message)]}}"#] {
            for case .event(.text(let text)) in try reader.read(Array(frame.utf8), at: .zero) { told.append(text) }
        }
        return (reader.answer, told)
    }

    @Test(
        "Marks of citations are not told, however they are cut into pieces",
        arguments: [
            ["It is 30 days <|file-12ab|>."], ["It is 30 days", " ", "<", "|", "fi", "le-12", "ab", "|", ">."],
            ["It is 30 days <|file-12ab|><|file-", "3_-c|>."],
            ["It is 30 days ", "<|file-12ab|>", " <|file-3c|>", "."],
        ])
    func marks(pieces: [String]) throws {
        let (answer, told) = try spoken(pieces, "It is 30 days.", by: agent)
        #expect(told.joined() == "It is 30 days." && answer?.streamedText == answer?.text)
    }

    @Test(
        "What only looks like the beginning of a mark is told",
        arguments: [
            ["a < b ", "and <|", "x|> ", "<|file-"], [" ", "  x", " "], ["<|file-a b|>"], ["<<|", "file-|>"],
        ])
    func likeMarks(pieces: [String]) throws {
        let text = pieces.joined()
        let (answer, told) = try spoken(pieces, text, by: agent)
        #expect(told.joined() == text && answer?.streamedText == text && answer?.text == text)
    }

    @Test("An agent without a search is asked for no citations: its pieces are told as they come")
    func unsearched() throws {
        let plain = AgentDefinition(name: "a", model: "m", instructions: "")
        let (answer, told) = try spoken(["See ", "<|file-1|> "], "See <|file-1|> ", by: plain)
        #expect(told == ["See ", "<|file-1|> "] && answer?.streamedText == answer?.text)
    }

    @Test("A frame that is no JSON is an error")
    func unreadable() {
        #expect(throws: ResponsesReader.Failure.self) { try read(["{"]) }
    }
}
