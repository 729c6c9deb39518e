import Language

/// Traces as an `ExportTraceServiceRequest` of OpenTelemetry (OTLP 1.x), in protocol buffers.
enum SpanMessage {
    /// The largest request with more than one trace, in bytes.
    static let batchBytes = 16 << 20

    /// One request with the spans of many traces, as MLflow 3.17 and later read it: of as many of the first ones as are
    /// not too much for one request, and of one in any case.
    static func bytes(of traces: ArraySlice<MLflowTrace>) -> (bytes: [UInt8], count: Int) {
        var request = ProtobufWriter()
        var count = 0
        request.field(1) { resource in
            resource.field(2) { scope in
                scope.field(1) { $0.field(1, "drover") }
                for trace in traces {
                    var spans = ProtobufWriter()
                    for (index, span) in trace.spans.enumerated() {
                        spans.field(2) { write(span, of: trace, isRoot: index == 0, into: &$0) }
                    }
                    guard count == 0 || scope.bytes.count + spans.bytes.count <= batchBytes else { return }
                    scope.append(spans)
                    count += 1
                }
            }
        }
        return (request.bytes, count)
    }

    private static func write(
        _ span: MLflowSpan, of trace: MLflowTrace, isRoot: Bool, into message: inout ProtobufWriter
    ) {
        message.field(1, trace.id.bytes)
        message.field(2, span.id.bytes)
        if let parent = span.parent { message.field(4, parent.bytes) }
        message.field(5, span.name)
        message.field(6, varint: 1)  // SPAN_KIND_INTERNAL
        message.field(7, fixed: UInt64(span.start))
        message.field(8, fixed: UInt64(span.end))
        for (key, value) in span.attributes.sorted(by: { $0.key < $1.key }) {
            message.attribute(9, key, value.canonicalJSON)
        }
        if isRoot {
            for (key, value) in trace.rootAttributes { message.attribute(9, key, value) }
        }
        if let error = span.error { message.field(11) { write(error, at: span.end, into: &$0) } }
        message.field(15) { status in
            if let error = span.error { status.field(2, error) }
            status.field(3, varint: span.error == nil ? 1 : 2)  // STATUS_CODE_OK, STATUS_CODE_ERROR
        }
    }

    /// The OpenTelemetry event for an exception.
    private static func write(_ error: String, at time: Int, into event: inout ProtobufWriter) {
        event.field(1, fixed: UInt64(time))
        event.field(2, "exception")
        event.attribute(3, "exception.message", error)
    }
}

extension MLflowTrace {
    /// The attributes of the root span about the whole trace, as plain text.
    fileprivate var rootAttributes: [(key: String, value: String)] {
        var all = allTags.map { (key: "mlflow.traceTag.\($0.key)", value: $0.value) }.sorted { $0.key < $1.key }
        // MLflow refuses what is longer, with all traces that it was sent together with.
        if let session { all.append(("session.id", Preview.cut(session, to: MLflowServer.metadataLength))) }
        if let user { all.append(("user.id", user)) }
        return all
    }
}

extension ProtobufWriter {
    fileprivate mutating func attribute(_ number: Int, _ key: String, _ value: String) {
        field(number) { pair in
            pair.field(1, key)
            pair.field(2) { $0.field(1, value) }
        }
    }
}
