import Language

/// One line of a log: a JSON object with one key that says what it is.
///
///     {"run":{"stack":"helpdesk","version":"1.0.0","startedAt":"2026-06-01T12:00:00Z","sources":["helpdesk.yaml"]}}
///     {"line":{"path":"helpdesk.yaml","number":3,"text":"  golden:"}}
///     {"suite":{"name":"golden","agent":"support","place":"helpdesk.yaml:3:3-3:9","thresholds":{}}}
///     {"case":{"id":"golden/ticket","name":"ticket","place":"helpdesk.yaml:9:9-9:15","samples":1,"atLeast":1}}
///     {"sample":{"format":1,"case":"golden/ticket","number":1,"verdict":"passed","attempts":1,"elapsed":3400000000,
///       "turns":[{"input":"…","answer":{"status":"completed","text":"…","latency":3400000000,…},
///         "outcomes":[{"name":"contains","claim":"…","place":"helpdesk.yaml:14:9-14:26","result":"passed"}]}]}}
///     {"change":{"case":"golden/ticket","number":2,"tool":"ticket_create"}}
///     {"suiteEnd":{"suite":"golden","elapsed":3400000000}}
///     {"end":{"duration":3400000000}}
///
/// The run, its suites and their cases come first, in the order of the spec; samples follow as they finish. A `change` says that the
/// conversation of a sample calls a tool that changes something; it must not be held again. A `line`
/// precedes the first entry that points to it, so that a report made from the log alone can show it. `notRun` says why
/// samples of a case are missing. A log without `end` is of a run that was killed; its last line may be truncated.
enum LogEntry: Sendable, Hashable {
    /// A line of a source that later entries point to.
    struct Line: Sendable, Hashable {
        let path: String
        let number: UInt32
        let text: String
    }

    struct NotRun: Sendable, Hashable, Codable {
        let testCase: String
        let reason: DiagnosticRecord

        private enum CodingKeys: String, CodingKey {
            case reason
            case testCase = "case"
        }
    }

    struct Change: Sendable, Hashable, Codable {
        let testCase: String
        let number: Int
        let tool: String

        private enum CodingKeys: String, CodingKey {
            case number, tool
            case testCase = "case"
        }
    }

    struct SuiteEnd: Sendable, Hashable, Codable {
        let suite: String
        /// Nanoseconds from the first question of the run.
        let elapsed: Int
    }

    struct End: Sendable, Hashable, Codable {
        /// In nanoseconds.
        let duration: Int
        /// The suites during which something has changed that their evidence depends on, in order; nil for none.
        var changed: [String]?
    }

    case run(RunRecord)
    case line(Line)
    case suite(SuiteRecord)
    case testCase(CaseRecord)
    case sample(SampleRecord)
    case change(Change)
    case notRun(NotRun)
    case suiteEnd(SuiteEnd)
    case end(End)
}

extension LogEntry {
    /// Without a line break.
    init(line: [UInt8]) throws(UnreadableRecord) {
        do {
            let fields = try ObjectFields(json: line)
            self = try Self.entry(fields.firstKey.needed(), fields)
        } catch {
            throw UnreadableRecord(reason: "it is no entry that this version of drover knows")
        }
    }

    private static func entry(_ key: String, _ fields: ObjectFields) throws(ObjectFields.Mismatch) -> LogEntry {
        switch key {
        case "run": .run(try fields.decoded(key).needed())
        case "line": .line(try fields.object(key, Line.init).needed())
        case "suite": .suite(try fields.decoded(key).needed())
        case "case": .testCase(try fields.object(key, CaseRecord.init).needed())
        case "sample": .sample(try fields.object(key, SampleRecord.init).needed())
        case "change": .change(try fields.decoded(key).needed())
        case "notRun": .notRun(try fields.decoded(key).needed())
        case "suiteEnd": .suiteEnd(try fields.decoded(key).needed())
        case "end": .end(try fields.decoded(key).needed())
        case _: throw ObjectFields.Mismatch()
        }
    }

    /// UTF-8 with a line break.
    var line: [UInt8] {
        get throws {
            var json = JSONWriter()
            try json.object { json in
                switch self {
                case .run(let record): try json.member("run", encoding: record)
                case .line(let line): json.member("line") { line.write(to: &$0) }
                case .suite(let record): try json.member("suite", encoding: record)
                case .testCase(let record): try json.member("case") { json in try record.write(to: &json) }
                case .sample(let record): try json.member("sample") { json in try record.write(to: &json) }
                case .change(let record): try json.member("change", encoding: record)
                case .notRun(let record): try json.member("notRun", encoding: record)
                case .suiteEnd(let record): try json.member("suiteEnd", encoding: record)
                case .end(let record): try json.member("end", encoding: record)
                }
            }
            json.add(written: CollectionOfOne(UInt8(ascii: "\n")))
            return json.bytes
        }
    }

    /// The place that it points to.
    var places: [Place] {
        switch self {
        case .run, .line, .change, .suiteEnd, .end: []
        case .suite(let suite): [suite.place] + suite.thresholds.places
        case .testCase(let testCase): [testCase.place] + [testCase.quarantine?.place].compactMap { $0 }
        case .notRun(let notRun): notRun.reason.places
        case .sample(let sample):
            (sample.problem?.places ?? [])
                + sample.turns.flatMap { $0.outcomes ?? [] }.flatMap { outcome in
                    [outcome.place] + (outcome.notes ?? []).compactMap(\.place)
                }
        }
    }
}

extension DiagnosticRecord {
    fileprivate var places: [Place] {
        [place].compactMap { $0 } + (notes ?? []).compactMap(\.place)
    }
}

extension ThresholdsRecord {
    fileprivate var places: [Place] {
        [
            passRate?.place, errorRate?.place, latencyP50?.place, latencyP95?.place, totalTokens?.place,
            maxDuration?.place, minCases?.place, noWorseThan?.place,
        ].compactMap { $0 }
    }
}
