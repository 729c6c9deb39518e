import Language
import NIOCore
import Support
import Testing
import Wire

@testable import Runtime
@testable import Serving

/// Answers whose messages are too long to be kept.
@Suite("Long answers", .timeLimit(.minutes(20)))
struct LongAnswerTests {
    private let agent = AgentDefinition(
        name: "support", model: "m", instructions: "",
        tools: [ToolDefinition(name: "knowledge", fileSearch: .init(vectorStores: ["vs"]))])

    private static func data(_ type: String, _ fields: [String: Value]) -> String {
        "data: \(Value.object(fields.merging(["type": .string("response.\(type)")]) { $1 }).canonicalJSON)\n\n"
    }

    private static func item(_ index: Int, _ text: String, _ status: String = "completed") -> Value {
        [
            "type": "message", "id": .string("msg_\(index)"), "role": "assistant", "status": .string(status),
            "content": [["type": "output_text", "text": .string(text), "annotations": []]],
        ]
    }

    /// A stream as OGX 1.5 sends it.
    /// - Parameters:
    ///   - status: How the answer ends.
    ///   - told: What the server says of the last message when it ends.
    private static func stream(
        _ texts: [String], isRepeated: Bool = true, _ status: String = "completed", told: String = "completed"
    ) -> String {
        var stream = data("created", ["response": ["id": "resp_1"]])
        for (index, text) in texts.enumerated() {
            let characters = Array(text)
            for start in stride(from: 0, to: characters.count, by: 5) {
                let piece = String(characters[start..<min(start + 5, characters.count)])
                stream += data(
                    "output_text.delta",
                    ["delta": .string(piece), "item_id": .string("msg_\(index)"), "output_index": .integer(index)])
            }
            let part: Value = ["type": "output_text", "text": .string(text)]
            stream += data("content_part.done", ["part": part, "item_id": .string("msg_\(index)")])
            guard isRepeated else { continue }
            let ended = item(index, text, index == texts.count - 1 ? told : "completed")
            stream += data("output_item.done", ["item": ended, "output_index": .integer(index)])
        }
        let output = Value.array(isRepeated ? texts.enumerated().map { item($0, $1) } : [])
        let usage: Value = ["input_tokens": 3, "output_tokens": 4]
        return stream + data(status, ["response": ["id": "resp_1", "output": output, "usage": usage]])
    }

    /// What a client is sent.
    /// - Parameter isAtOnce: Whether pieces are handed on at once.
    private func served(
        _ stream: String, keeping: Int?, chunk: Int = 64, isAtOnce: Bool = false
    ) throws -> [Value] {
        var scanner = FrameScanner(keeping: keeping)
        var reader = ResponsesReader(agent, keeping: keeping)
        let response = ServedResponse(id: "resp_0", created: 1, model: "support")
        var items = ServedItems(response, of: agent, .mlflow, isStreamed: true)
        items.begin()
        var sent = ByteBuffer()
        let bytes = Array(stream.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            for part in try scanner.read(bytes[start..<min(start + chunk, bytes.count)]) {
                if isAtOnce, let piece = reader.continuation(part, at: .zero) {
                    items.take(.text(piece))
                    continue
                }
                for case .event(let event) in try reader.read(part, at: .zero) { items.take(event) }
            }
            sent.writeImmutableBuffer(items.drain())
        }
        items.finish(with: try #require(reader.answer))
        sent.writeImmutableBuffer(items.drain())
        return sent.frames
    }

    /// Without the frames that are left out of long messages, and the numbers of all.
    private static func compared(_ frames: [Value]) -> [Value] {
        frames.compactMap { frame in
            let left = ["response.output_text.done", "response.content_part.done"]
            guard var fields = frame.object, !left.contains(frame["type"]?.string ?? "") else { return nil }
            fields["sequence_number"] = nil
            return .object(fields)
        }
    }

    @Test("They are served as if they had been kept", arguments: [1, 13, 64, 5000], [true, false])
    func same(chunk: Int, isAtOnce: Bool) throws {
        let long = "Fünf \"Wörter\" \\ 😀\n" + String(repeating: "and so on ", count: 40)
        for texts in [[long], ["short", long], [long, "short"], [long, long + "!", "short", long]] {
            let stream = Self.stream(texts)
            let kept = try served(stream, keeping: .max)
            let cut = try served(stream, keeping: 100, chunk: chunk, isAtOnce: isAtOnce)
            #expect(Self.compared(cut) == Self.compared(kept))
            #expect(cut.map { $0["sequence_number"]?.integer } == Array(0..<cut.count))
            #expect(cut.last?["response"]?["usage"]?["total_tokens"] == 7)
        }
    }

    @Test("One that was cut off is told so, in its own frame where the server says it there", arguments: [true, false])
    func incomplete(isTold: Bool) throws {
        let long = String(repeating: "and so on ", count: 40)
        let told = isTold ? "incomplete" : "completed"
        for texts in [[long], ["short", long], [long, long + "!"], [long, "short"]] {
            let frames = try served(Self.stream(texts, "incomplete", told: told), keeping: 100)
            let whole = try #require(frames.last)
            #expect(whole["type"] == "response.incomplete" && whole["response"]?["status"] == "incomplete")
            let all = whole["response"]?["output"]?.array ?? []
            let before = Array(repeating: "completed", count: texts.count - 1)
            #expect(all.map { $0["status"]?.string } == before + ["incomplete"], "\(texts.map(\.count))")
            let done = frames.filter { $0["type"] == "response.output_item.done" }.map { $0["item"]?["status"]?.string }
            #expect(done == before + [told], "\(texts.map(\.count))")
        }
    }

    @Test("Marks of citations are in none of their frames", arguments: [true, false])
    func marks(isAtOnce: Bool) throws {
        let text = String(repeating: "30 days <|file-12ab|>.", count: 20)
        let frames = try served(Self.stream([text]), keeping: 50, isAtOnce: isAtOnce)
        let said = String(repeating: "30 days.", count: 20)
        #expect(frames.compactMap { $0["delta"]?.string }.joined() == said)
        let done = try #require(frames.first { $0["type"] == "response.output_item.done" })
        #expect(done["item"]?["content"]?.array?.first?["text"]?.string == said)
        #expect(frames.last?["response"]?["output"]?.array?.first?["content"]?.array?.first?["text"]?.string == said)
    }

    @Test("Where the server does not repeat them, the answer has failed in the end, and says so")
    func unrepeated() throws {
        let frames = try served(Self.stream([String(repeating: "x", count: 400)], isRepeated: false), keeping: 100)
        #expect(frames.last?["type"] == "response.failed")
        #expect(frames.last?["response"]?["error"]?["message"]?.string?.contains("too long") == true)
        #expect(frames.compactMap { $0["delta"]?.string }.joined().count == 400)
    }

    @Test("What of them goes wrong while they are repeated is well-formed all the same")
    func broken() throws {
        let response = ServedResponse(id: "resp_0", created: 1, model: "support")
        for repetition in [MessageRepetition.item("a\"b"), .response(0, "a\"b")] {
            var items = ServedItems(response, of: agent, .mlflow, isStreamed: true)
            items.begin()
            items.take(.text("a\"b"))
            items.take(.again(.awaited))
            if case .response = repetition { items.take(.again(.item("a\"b"))) }
            items.take(.again(repetition))
            items.fail(because: .unrepeated)
            let frames = items.drain().frames
            #expect(frames.last?["type"] == "response.failed", "\(frames)")
            #expect(frames.map { $0["sequence_number"]?.integer } == Array(0..<frames.count))
        }
    }

    @Test("A secret that is cut by the pieces of a text that is repeated is not told")
    func secrets() async throws {
        let sent = SentSecrets()
        sent.add(Secret("s3cr3t-token"))
        let events = ClearedEvents(sent)
        let told = LogLines()
        let tell: @Sendable (AgentEvent) async -> Void = { told.add(.string("\($0)")) }
        for piece in ["say s3cr", "3t-to", "ken twice"] { await events.tell(.again(.item(piece)), to: tell) }
        for piece in ["say s3cr", "3t-token"] { await events.tell(.again(.response(0, piece)), to: tell) }
        await events.tell(.finished(Answer(status: .completed)), to: tell)
        let all = told.all.compactMap(\.string).joined()
        #expect(!all.contains("s3cr") && !all.contains("ken twice") && all.contains("twice"), "\(all)")
    }
}
