import FoundationEssentials
import Language

/// The spans of one trace as the file `traces.json` (read from MLflow 3.5.1; 3.18 reads it too).
enum SpanFile {
    static let name = "traces.json"

    static func bytes(of trace: MLflowTrace) -> [UInt8] {
        Array(Value.object(["spans": .array(trace.spans.map { span($0, of: trace) })]).canonicalJSON.utf8)
    }

    private static func span(_ span: MLflowSpan, of trace: MLflowTrace) -> Value {
        var attributes = span.attributes.mapValues { Value.string($0.canonicalJSON) }
        attributes["mlflow.traceRequestId"] = .string(Value.string(trace.traceID).canonicalJSON)
        return [
            "trace_id": base64(trace.id.bytes),
            "span_id": base64(span.id.bytes),
            "parent_span_id": span.parent.map { base64($0.bytes) } ?? .null,
            "name": .string(span.name),
            "start_time_unix_nano": .integer(span.start),
            "end_time_unix_nano": .integer(span.end),
            "events": .array(span.error.map { [exception($0, at: span.end)] } ?? []),
            "status": [
                "code": span.error == nil ? "STATUS_CODE_OK" : "STATUS_CODE_ERROR",
                "message": .string(span.error ?? ""),
            ],
            "attributes": .object(attributes),
        ]
    }

    private static func exception(_ message: String, at time: Int) -> Value {
        [
            "name": "exception", "time_unix_nano": .integer(time),
            "attributes": ["exception.message": .string(message)],
        ]
    }

    private static func base64(_ bytes: [UInt8]) -> Value {
        .string(Data(bytes).base64EncodedString())
    }
}
