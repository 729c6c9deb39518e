package import Language

/// A trace of the fake.
package struct FakeTrace: Sendable, Hashable {
    package var id: String
    package var experimentID: String
    /// As `StartTraceV3` said; nil when only spans came.
    package var info: Value?
    /// In the order in which they came.
    package var spans: [FakeSpan] = []
    /// The run that a header named.
    package var runID: String?
    /// The runs that it was linked to later.
    package var linkedRuns: [String] = []
    package var assessments: [Value] = []
    /// The versions of prompts that it was linked to.
    package var prompts: [Value] = []
}

/// A span of the fake; attributes are JSON text, as they were sent.
package struct FakeSpan: Sendable, Hashable {
    package var id: String
    package var parent: String?
    package var name: String
    package var start: Int
    package var end: Int
    package var attributes: [String: String]
    /// 1 for good, 2 for an error.
    package var status: Int
    package var message: String
}

extension FakeMLflowStore {
    /// Whether it takes the spans of many traces at once and tells of itself, as 3.17 does and 3.5.1 does not.
    private var takesManyTraces: Bool { version != "3.5.1" }

    /// nil when there is no such route in the generation.
    mutating func tracesResponse(to request: FakeMLflowRequest) throws -> Value? {
        switch "\(request.method) \(request.path)" {
        case "GET /api/3.0/mlflow/server-info":
            return takesManyTraces ? ["workspaces_enabled": false] : nil
        case "POST /api/3.0/mlflow/traces": return try startTrace(request)
        case "POST /v1/traces": return try exportSpans(request)
        case "POST /api/2.0/mlflow/traces/link-prompts": return takesManyTraces ? try linkPrompts(request) : nil
        case "POST /api/2.0/mlflow/traces/link-to-run": return try linkToRun(request)
        case "POST /api/3.0/mlflow/traces/search": return try searchTraces(request)
        case let route where route.hasPrefix("GET /api/3.0/mlflow/traces/"):
            let id = route.split(separator: "/").last.map(String.init)
            guard let trace = traces.first(where: { $0.id == id }), case .object(var info)? = trace.info else {
                throw FakeMLflowRefusal.missing("Trace with ID '\(id ?? "")' not found.")
            }
            info["assessments"] = .array(trace.assessments)
            return ["trace": ["trace_info": .object(info)]]
        case _: return nil
        }
    }

    private mutating func startTrace(_ request: FakeMLflowRequest) throws -> Value {
        let body = try Value(json: request.bytes)
        guard let info = body["trace"]?["trace_info"], let id = info["trace_id"]?.string,
            let experiment = info["trace_location"]?["mlflow_experiment"]?["experiment_id"]?.string
        else { throw FakeMLflowRefusal.invalid("Missing value for required parameter 'trace'.") }
        guard let known = experiments.first(where: { $0.id == experiment }) else {
            throw FakeMLflowRefusal.missing("No Experiment with id=\(experiment) exists")
        }
        let index = index(ofTrace: id, in: experiment)
        traces[index].info = info
        for assessment in info["assessments"]?.array ?? [] {
            traces[index].assessments.removeAll { $0["assessment_id"] == assessment["assessment_id"] }
            traces[index].assessments.append(assessment)
        }
        let location = "\(known.location)/traces/\(id)/artifacts"
        return [
            "trace": ["trace_info": ["trace_id": .string(id), "tags": ["mlflow.artifactLocation": .string(location)]]]
        ]
    }

    private mutating func exportSpans(_ request: FakeMLflowRequest) throws -> Value {
        guard let experiment = request.header("x-mlflow-experiment-id") else {
            throw FakeMLflowRefusal(status: 422, code: "", message: "Field required")
        }
        guard experiments.contains(where: { $0.id == experiment }) else {
            throw FakeMLflowRefusal.missing("No Experiment with id=\(experiment) exists")
        }
        let spans = try FakeSpanMessage.spans(in: request.bytes)
        let ids = Set(spans.map(\.trace))
        guard takesManyTraces || ids.count == 1 else {
            throw FakeMLflowRefusal(status: 422, code: "", message: "All spans must belong to the same trace.")
        }
        guard !spans.contains(where: { $0.span.name == refusedSpan }) else {
            throw FakeMLflowRefusal(status: 422, code: "", message: "Cannot convert OpenTelemetry span to MLflow span")
        }
        for (id, span) in spans {
            let index = index(ofTrace: "tr-\(id)", in: experiment)
            traces[index].spans.removeAll { $0.id == span.id }
            traces[index].spans.append(span)
            // Of more than 100 the real server links none, and does not say so.
            if ids.count <= 100 { traces[index].runID = request.header("x-mlflow-run-id") ?? traces[index].runID }
        }
        return [:]
    }

    private mutating func linkToRun(_ request: FakeMLflowRequest) throws -> Value {
        let body = try Value(json: request.bytes)
        let (ids, run) = ((body["trace_ids"]?.array ?? []).compactMap(\.string), body["run_id"]?.string ?? "")
        guard ids.count <= 100 else {
            throw FakeMLflowRefusal.invalid("Cannot link more than 100 traces to a run in a single request.")
        }
        let indices = traces.indices.filter { ids.contains(traces[$0].id) }
        // 3.5.1 has a key that is there already refused by its database.
        guard takesManyTraces || !indices.contains(where: { traces[$0].linkedRuns.contains(run) }) else {
            throw FakeMLflowRefusal(status: 400, code: "BAD_REQUEST", message: "UNIQUE constraint failed")
        }
        for index in indices where !traces[index].linkedRuns.contains(run) { traces[index].linkedRuns.append(run) }
        return [:]
    }

    /// Those of one run.
    private func searchTraces(_ request: FakeMLflowRequest) throws -> Value {
        let filter = try Value(json: request.bytes)["filter"]?.string ?? ""
        guard let run = filter.wholeMatch(of: #/attributes\.run_id = '(\w+)'/#)?.1 else {
            throw FakeMLflowRefusal.invalid("Invalid filter '\(filter)'.")
        }
        let found = traces.filter { trace in
            trace.runID == String(run) || trace.linkedRuns.contains(String(run))
                || trace.info?["trace_metadata"]?["mlflow.sourceRun"]?.string == String(run)
        }
        return ["traces": .array(found.map { ["trace_id": .string($0.id)] })]
    }

    private mutating func linkPrompts(_ request: FakeMLflowRequest) throws -> Value {
        let body = try Value(json: request.bytes)
        let id = body["trace_id"]?.string ?? ""
        guard let index = traces.firstIndex(where: { $0.id == id }) else {
            throw FakeMLflowRefusal.missing("Trace with ID '\(id)' not found.")
        }
        for link in body["prompt_versions"]?.array ?? [] where !traces[index].prompts.contains(link) {
            traces[index].prompts.append(link)
        }
        return [:]
    }

    private mutating func index(ofTrace id: String, in experiment: String) -> Int {
        if let index = traces.firstIndex(where: { $0.id == id }) { return index }
        traces.append(FakeTrace(id: id, experimentID: experiment))
        return traces.count - 1
    }
}

/// Reads an `ExportTraceServiceRequest`, by the numbers of its fields.
enum FakeSpanMessage {
    static func spans(in bytes: [UInt8]) throws -> [(trace: String, span: FakeSpan)] {
        try fields(bytes).filter { $0.number == 1 }.flatMap { resource in
            try fields(resource.bytes).filter { $0.number == 2 }.flatMap { scope in
                try fields(scope.bytes).filter { $0.number == 2 }.map { try span($0.bytes) }
            }
        }
    }

    private struct Field {
        var number: Int
        var value: UInt64 = 0
        var bytes: [UInt8] = []
    }

    private static func span(_ bytes: [UInt8]) throws -> (String, FakeSpan) {
        var trace = ""
        var span = FakeSpan(id: "", name: "", start: 0, end: 0, attributes: [:], status: 0, message: "")
        for field in try fields(bytes) {
            switch field.number {
            case 1: trace = hexadecimal(field.bytes)
            case 2: span.id = hexadecimal(field.bytes)
            case 4: span.parent = hexadecimal(field.bytes)
            case 5: span.name = text(field.bytes)
            case 7: span.start = Int(field.value)
            case 8: span.end = Int(field.value)
            case 9:
                let pair = try fields(field.bytes)
                let value = try fields(pair.first { $0.number == 2 }?.bytes ?? [])
                span.attributes[text(pair.first { $0.number == 1 }?.bytes ?? [])] = text(value.first?.bytes ?? [])
            case 15:
                for part in try fields(field.bytes) {
                    if part.number == 2 { span.message = text(part.bytes) }
                    if part.number == 3 { span.status = Int(part.value) }
                }
            case _: break
            }
        }
        guard trace.count == 32, span.id.count == 16 else { throw invalid }
        return (trace, span)
    }

    private static func fields(_ bytes: [UInt8]) throws -> [Field] {
        var rest = bytes[...]
        var fields: [Field] = []
        while !rest.isEmpty {
            let key = try varint(&rest)
            var field = Field(number: Int(key >> 3))
            switch key & 7 {
            case 0: field.value = try varint(&rest)
            case 1:
                guard rest.count >= 8 else { throw invalid }
                field.value = rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
                rest = rest.dropFirst(8)
            case 2:
                let count = Int(try varint(&rest))
                guard rest.count >= count else { throw invalid }
                field.bytes = Array(rest.prefix(count))
                rest = rest.dropFirst(count)
            case _: throw invalid
            }
            fields.append(field)
        }
        return fields
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while let byte = rest.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 != 0 else { return value }
            shift += 7
        }
        throw invalid
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0, radix: 16).leftPadded(to: 2) }.joined()
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private static let invalid = FakeMLflowRefusal(
        status: 400, code: "", message: "Invalid OpenTelemetry protobuf format")
}
