import Language
import Runtime
package import Suites

/// The report for programs: one JSON object, keys sorted, schema `drover.run/1`.
///
///     {"schema": "drover.run/1", "drover": "1.0.0", "stack": "helpdesk", "startedAt": "2026-06-01T12:00:00Z",
///      "durationMs": 4600, "verdict": "failed",
///      "counts": {"passed": 1, "failed": 1, "inconclusive": 0, "quarantined": 0},
///      "suites": [{"name": "golden", "agent": "support", "verdict": "failed", "place": PLACE,
///        "statistics": STATISTICS, "baseline": {…, "better": 1, "worse": 0, "tests": […]} or null,
///        "thresholds": [{"name": "passRate", "wanted": "…", "actual": "…", "verdict": "failed", "place": PLACE or null}],
///        "cases": [{"id": "golden/ticket", "name": "ticket", "verdict": "failed", "decides": true, "labels": {},
///          "place": PLACE, "latencyMs": 3400, "tokens": TOKENS or null, "notRun": DIAGNOSTIC or null,
///          "quarantine": {"until": "2027-01-31", "reason": "…"} or null, "wanted": WANTED,
///          "interval": {"low": 0.2, "high": 0.9} or null, "baseline": {"change": "worse", "trend": "3/3 → 2/3", …} or null,
///          "toKnowMore": "…" or null,
///          "samples": [{"verdict": "failed", "attempts": 1, "problem": DIAGNOSTIC or null,
///            "turns": [{"input": "…", "status": "completed", "text": "…", "hasMessage": true, "error": null,
///              "latencyMs": 3400, "firstTokenMs": 120 or null, "tokens": TOKENS or null, "steps": 2 or null,
///              "toolCalls": [{"name": "…", "tool": "…", "arguments": {}, "result": "…" or null, "error": null}],
///              "retrieved": [{"document": "…", "score": 0.9 or null}] or null, "cited": ["…"] or null, "captured": {},
///              "assertions": [{"name": "contains", "claim": "…", "result": "passed, failed or error",
///                "reason": "…" or null, "expected": "…" or null, "actual": "…" or null, "place": PLACE}]}]}]}]}]}
///
/// PLACE is `{"file", "line", "column", "endLine", "endColumn"}`, 1-based, columns in Unicode scalars, the end not
/// included. WANTED is `{"samples": 1, "atLeast": 1}`, or for a sequential test `{"reliability", "unacceptable", "alpha",
/// "beta", "max", "cases"}`, with α divided over `cases` cases. TOKENS is `{"input", "output", "total"}`. DIAGNOSTIC is
/// `{"code", "summary", "detail", "fix", "place"}`.
/// `target` is there only where a served agent was asked: its address; `id` where the run's log is kept; `shard` where only
/// such a part of the cases ran, so that no thresholds are judged: `2/5`. What a server did not tell is null. A later
/// version of drover may add keys; it changes the schema's number when a key is removed or means something else.
package struct JSONReport: Report {
    package static let format = "json"

    package init() {}

    package func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws {
        let run = recorded.run
        let values = ResultValues(sources: recorded.sources)
        var whole: [String: Value] = [
            "schema": "drover.run/1",
            "drover": .string(run.version),
            "stack": .string(run.stack),
            "startedAt": .string(run.startedAt),
            "durationMs": .integer(run.duration.milliseconds),
            "verdict": .string(run.verdict.rawValue),
            "counts": [
                "passed": .integer(run.counts.passed), "failed": .integer(run.counts.failed),
                "inconclusive": .integer(run.counts.inconclusive), "quarantined": .integer(run.counts.quarantined),
            ],
        ]
        whole["target"] = run.target.map(Value.string)
        whole["id"] = run.id.map(Value.string)
        whole["shard"] = run.shard.map { .string($0.description) }
        let tests = run.pairedTests
        var json = JSONStream()
        try json.object(whole, streaming: "suites", to: &output) { json, output in
            try json.array(run.suites.indices, to: &output) { index, json, output in
                try json.object(values.suite(run.suites[index], tests), streaming: "cases", to: &output) {
                    json, output in
                    try json.array(recorded.positions(ofSuite: index), to: &output) { position, json, output in
                        let comparison = run.suites[index].comparison?.cases[position.testCase]
                        let result = try recorded.result(of: position)
                        try json.value(to: &output) { json in
                            values.write(result, recorded.tally(of: position), comparison, to: &json)
                        }
                    }
                }
            }
        }
        try output.write("\n")
    }
}
