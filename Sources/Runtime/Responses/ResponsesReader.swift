import Language
import Wire

/// Reads the frames of a Responses stream into events and, at its end, the answer. Pure: time is a parameter.
struct ResponsesReader {
    /// An error frame, or a frame that cannot be read: nothing is known about the answer.
    struct Failure: Error, Hashable {
        var code: String?
        var message: String
        var place: Place
    }

    /// What the server is doing.
    enum Place: Hashable {
        case beginning, listingTools, thinking, callingTool
    }

    enum Happening: Hashable {
        /// The response exists, and may be stored, under this id.
        case created(String)
        case event(AgentEvent)
    }

    private(set) var place = Place.beginning
    /// The answer, when its last frame was read.
    private(set) var answer: Answer?
    /// The calls that whoever runs the agent has to carry out, once the last frame was read.
    private(set) var functionCalls: [FunctionCall] = []
    /// Where there are such calls, the items of the answer as they came, once the last frame was read.
    private(set) var output: [Value] = []
    private let items: ResponseItems
    private var spoken = SpokenText()
    private var marks = CitationMarks()
    private var message: String?
    /// What was said as a refusal: OGX 1.5 leaves it out of its last frame.
    private var refusal = ""
    private var openCalls = 0
    private var steps = 0

    private var long: LongMessages?

    /// - Parameter keeping: How much of a message is kept, in bytes; nil for all of it.
    init(_ agent: AgentDefinition, keeping: Int? = nil) {
        items = ResponseItems(agent)
        long = keeping.map { LongMessages(keeping: $0, mayCite: items.mayCite) }
        spoken.keeping = keeping ?? .max
    }

    /// Takes one part of the stream that arrived some time after the question was put.
    mutating func read(_ part: FrameScanner.Part, at time: Duration) throws -> [Happening] {
        switch part {
        case .frame(let frame): try read(frame, at: time)
        case .piece(let text, let place): (long?.take(text, place) ?? []).map { .event(.again($0)) }
        }
    }

    /// Takes one frame that arrived some time after the question was put.
    mutating func read(_ frame: [UInt8], at time: Duration) throws -> [Happening] {
        // What comes behind the last frame, such as the `[DONE]` of gateways, says nothing about the answer.
        guard answer == nil else { return [] }
        do {
            return try happenings(of: ObjectFields(json: frame), at: time)
        } catch is ObjectFields.Mismatch {
            let text = String(decoding: frame.prefix(800), as: UTF8.self).prefix(200)
            throw Failure(message: "The server sent something that cannot be read: \(text)", place: place)
        }
    }

    /// Takes a part that only goes on with the message that is being said.
    /// - Returns: The text that it adds; nil, and nothing is taken, where the part is another one.
    mutating func continuation(_ part: FrameScanner.Part, at time: Duration) -> String? {
        guard case .frame(let frame) = part, frame.count <= Self.longestPiece, answer == nil, place == .thinking,
            let message, let fields = try? ObjectFields(json: frame),
            fields.isText("type", "response.output_text.delta"), fields.isText("item_id", message),
            let piece = try? fields.text("delta"), long?.hasRoom(for: piece) ?? true
        else { return nil }
        _ = long?.add(piece, of: message, at: nil)  // It has room.
        return spoken.add(items.mayCite ? marks.next(piece) : piece, of: message, at: time)
    }

    /// What is longer is not read twice, in bytes.
    private static let longestPiece = 4 << 10

    private mutating func happenings(of frame: ObjectFields, at time: Duration) throws -> [Happening] {
        // Every frame says what it is, save error frames before OGX.
        switch frame.value("type")?.string {
        case "response.output_text.delta":
            modelSpeaks()
            return try piece(frame, mayCite: items.mayCite, at: time)
        case "response.created":
            let id = try frame.object("response") { response throws(ObjectFields.Mismatch) in try response.text("id") }
            return try id.needed().map { [.created($0)] } ?? []
        case "response.mcp_list_tools.in_progress":
            place = .listingTools
        case "response.mcp_list_tools.completed":
            place = .beginning
        case "response.function_call_arguments.delta", "response.function_call_arguments.done",
            "response.mcp_call.arguments.delta", "response.mcp_call.arguments.done":
            modelSpeaks()
        case "response.refusal.delta":
            modelSpeaks()
            refusal += try frame.text("delta").needed()
            guard refusal.utf8.count <= long?.keeping ?? .max else {
                throw Failure(message: "The server refuses in too many words.", place: place)
            }
            return try piece(frame, mayCite: false, at: time)
        case "response.output_item.added":
            let item = try item(in: frame)
            if ["message", "function_call"].contains(item.type) { modelSpeaks() }
            guard let call = items.call(item) else { return [] }
            if place != .callingTool { modelSpeaks() }
            openCalls += 1
            return [.event(.toolStarted(name: call.name))]
        case "response.output_item.done":
            let item = try item(in: frame)
            guard let call = items.call(item) else { return item.type == "message" ? end(of: item, at: time) : [] }
            place = .callingTool
            // 0.2 shows a call that begins as one of a function.
            let begins: [Happening] = openCalls > 0 ? [] : [.event(.toolStarted(name: call.name))]
            openCalls = max(0, openCalls - 1)
            return begins + [.event(.toolFinished(call))]
        case "response.output_text.done", "response.content_part.done": return rest(at: time)
        case "response.completed": return try finish(.completed, frame, at: time)
        case "response.incomplete": return try finish(.incomplete, frame, at: time)
        case "response.failed": return try finish(.failed, frame, at: time)
        case "error", nil: try fail(frame, at: time)
        case _: break  // Progress that the frames above tell as well.
        }
        return []
    }

    /// A model call begins when the model says something and the last thing was not said by it. Calls that it asked for
    /// at once are executed after all of them were said.
    private mutating func modelSpeaks() {
        if place != .thinking { steps += 1 }
        place = .thinking
    }

    /// A piece of a message, which may begin another one.
    private mutating func piece(
        _ fields: ObjectFields, mayCite: Bool, at time: Duration
    ) throws(ObjectFields.Mismatch) -> [Happening] {
        let piece = try fields.text("delta").needed()
        let id = try fields.text("item_id")
        let rest = id == message ? [] : rest(at: time)
        message = id
        let isLong = long?.add(piece, of: id, at: try fields.integer("output_index")) ?? false
        let told = told(mayCite ? marks.next(piece) : piece, at: time)
        guard isLong || !rest.isEmpty else { return told }
        return rest + told + (isLong ? [.event(.again(.awaited))] : [])
    }

    private mutating func end(of item: ResponsesFrame.Item, at time: Duration) -> [Happening] {
        let rest = rest(at: time)
        guard let repeated = long?.end(saying: items.text(of: item)) else { return rest }
        let ended = MessageRepetition.ended(isCut: item.status == Answer.Status.incomplete.rawValue)
        return rest + (repeated + [ended]).map { .event(.again($0)) }
    }

    /// A piece of the current message, without marks; the first one counts as an answer's beginning even when it is
    /// held back.
    private mutating func told(_ text: String, at time: Duration) -> [Happening] {
        let added = spoken.add(text, of: message, at: time)
        return added.isEmpty ? [] : [.event(.text(added))]
    }

    /// What was held back of the message that ends.
    private mutating func rest(at time: Duration) -> [Happening] {
        let rest = marks.end()
        return rest.isEmpty ? [] : told(rest, at: time)
    }

    private mutating func finish(
        _ status: Answer.Status, _ frame: ObjectFields, at time: Duration
    ) throws -> [Happening] {
        var rest = rest(at: time)
        let response = try frame.object("response", ResponsesFrame.Response.init).needed()
        rest += (long?.end(saying: (response.output ?? []).map(items.text)) ?? []).map { .event(.again($0)) }
        // A server may end with `response.completed` what it calls failed.
        var answer = items.answer(response, response.status.flatMap(Answer.Status.init) ?? status)
        if !refusal.isEmpty {
            answer.refuses = true
            if answer.text.isEmpty { (answer.text, answer.hasMessage) = (refusal, true) }
        }
        functionCalls = items.functionCalls(response)
        // Only calls are followed by another response, to which what was said is sent.
        output = functionCalls.isEmpty ? [] : frame.value("response")?["output"]?.array ?? []
        answer.isCut = long?.isAnyAwaited ?? false
        answer.latency = time
        answer.timeToFirstToken = spoken.timeToFirstToken
        answer.streamedText = spoken.text
        answer.steps = steps > 0 ? steps : nil
        self.answer = answer
        return rest
    }

    /// `{"type":"error","code":…,"message":…}` on OGX, `{"error":{…}}` before: a failure, or an answer that is put off.
    private mutating func fail(_ frame: ObjectFields, at time: Duration) throws {
        let outer = try ResponsesFrame.ErrorBody(frame)
        let inner = try frame.object("error", ResponsesFrame.ErrorBody.init)
        let code = inner?.code ?? outer.code
        let message = inner?.message ?? outer.message ?? "The server sent an error without words."
        guard let putOff = Answer.PutOff(code: code, message: message) else {
            throw Failure(code: code?.interpolated, message: message, place: place)
        }
        var answer = Answer(status: .failed, error: message)
        (answer.putOff, answer.latency) = (putOff, time)
        self.answer = answer
    }

    private func item(in frame: ObjectFields) throws(ObjectFields.Mismatch) -> ResponsesFrame.Item {
        try frame.object("item", ResponsesFrame.Item.init).needed()
    }
}
