import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import Language
import Runtime
import Wire

/// The trace of one request while it is made.
struct Traced: Sendable {
    let recorder: TraceRecorder
    /// As MLflow calls it.
    let id: String
    /// The id where the caller wants to know it.
    let returned: String?
    private let request: ServedRequest
    private let agent: PublishedAgent
    private let place: MLflowPlace
    private let writer: MLflowTraceWriter
    private let user: String?
    /// Whose token the request bears; nil for nobody's.
    private let caller: String?
    /// Where the caller itself is traced, and whether this is a part of that trace.
    private let origin: TraceParent?
    private let isJoined: Bool
    /// What servers behind are told.
    let behind: TraceParent

    /// The tag with the name of the caller's token, which a caller cannot choose as it can the user.
    private static let callerTag = "drover.caller"

    /// nil where the agent's requests are not traced.
    init?(
        _ request: ServedRequest, by agent: PublishedAgent, _ sent: Request, caller: String?,
        to backing: Backing?
    ) {
        guard let backing, let writer = backing.traces, let place = agent.place else { return nil }
        let id = TraceID.random()
        origin = sent.traceParent
        isJoined = backing.joinsTraces && writer.joinsTraces && origin?.isKept == true
        let trace = isJoined ? origin?.trace ?? id : id
        behind = TraceParent(trace: trace, span: id.spanID(at: 0))
        let now = Int((Date().timeIntervalSince1970 * 1e9).rounded())
        recorder = TraceRecorder(agent.definition, id: id, start: now)
        self.id = "tr-\(trace.hexadecimal)"
        returned = sent.headers[.returnTraceID]?.lowercased() == "true" ? self.id : nil
        (self.request, self.agent, self.place, self.writer) = (request, agent, place, writer)
        user = request.asked.user ?? caller
        self.caller = caller
    }

    /// Queues the trace, which never waits; a full queue drops it, and counts that.
    func write(_ ending: Turn.Ending) {
        writer.write(making: { AnswerTrace(trace(of: ending), at: place).mlflow })
    }

    private func trace(of ending: Turn.Ending) -> Trace {
        var trace = recorder.trace(failure: ending.reason)
        var inputs: [String: Value] = ["input": .array(request.asked.items)]
        inputs["custom_inputs"] = request.customInputs
        trace.root.inputs = .object(inputs)
        trace.session = request.asked.conversation
        trace.user = user
        if isJoined {
            trace.parent = origin
            // The tags are the other's.
            trace.root.attributes[Self.callerTag] = caller.map(Value.string)
        } else {
            trace.tags[Self.callerTag] = caller
            trace.tags[MLflowTrace.originTag] = origin?.header
        }
        return trace
    }
}

extension Request {
    /// Where its caller is traced; nil where that is not told.
    var traceParent: TraceParent? {
        headers[.traceParent].flatMap(TraceParent.init(header:))
    }
}

extension HTTPField.Name {
    fileprivate static let returnTraceID = Self.known("x-mlflow-return-trace-id")
    fileprivate static let traceParent = Self.known("traceparent")
}
