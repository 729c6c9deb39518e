package import Engine
import FoundationEssentials
package import Language

/// The applies of a stack for people, the newest one first.
///
///       #  When                  Who    Commit         Command  Changed               Result  Suites
///       2  2026-11-27T08:01:10Z  alice  3c79fa8 dirty  apply    1 changed             done
///       1  2026-11-27T07:59:01Z  alice  3c79fa8        up       4 created, 1 changed  done    golden: passed
package enum HistoryText {
    package static func render(_ history: [HistoryEntry]) -> String {
        guard !history.isEmpty else { return "Nothing was applied yet." }
        let isTried = history.contains { $0.verdicts != nil }
        let head = ["#", "When", "Who", "Commit", "Command", "Changed", "Result"] + (isTried ? ["Suites"] : [])
        let rows = history.reversed().map { entry in
            let facts = [
                entry.number.map(String.init) ?? "", entry.start, entry.actor, entry.commit, entry.command,
                entry.changed, entry.result,
            ]
            // `golden: failed`; how many cases stands with the apply.
            let verdicts = (entry.verdicts ?? []).map { $0.prefix { $0 != "," } }.joined(separator: "; ")
            return facts + (isTried ? [verdicts] : [])
        }
        return TextColumns.lines([head] + rows).joined(separator: "\n")
    }

    /// One apply: the facts, what became of each change, and the files that its spec names.
    package static func render(_ entry: HistoryEntry, _ remains: RunRemains?) -> String {
        var facts = [
            ["Apply", entry.number.map(String.init) ?? ""],
            ["When", entry.isCutOff == true ? entry.start : "\(entry.start), for \(entry.duration)"],
            ["Who", entry.actor], ["Commit", entry.commit.isEmpty ? "none" : entry.commit], ["Command", entry.command],
            ["Changed", entry.changed], ["Result", entry.result],
        ]
        facts += (entry.verdicts ?? []).map { ["Suite", $0] }
        if let version = entry.drover { facts.append(["Drover", version]) }
        var lines = TextColumns.lines(facts, indentation: 0)
        if !entry.results.isEmpty { lines += [""] + entry.results.map { "  " + Printable.text($0) } }
        guard let remains else { return (lines + ["", "It kept no spec."]).joined(separator: "\n") }
        if !remains.files.isEmpty {
            let rows = remains.files.map { file in
                [file.path, String(file.sha256.prefix(12)), "\(file.size) bytes", file.isKept ? "kept" : "not kept"]
            }
            lines += ["", "Files of its spec:"] + TextColumns.lines(rows)
        }
        lines += ["", "Its spec:", ""] + remains.spec.split(separator: "\n").map { "  " + Printable.text(String($0)) }
        return lines.joined(separator: "\n")
    }
}

/// The applies of a stack for machines.
///
///     {"version": 1, "stack": "shop", "applies": [{"number": 1, "at": "2026-11-27T07:59:01Z", "milliseconds": 940,
///      "who": "alice", "commit": "3c79…", "dirty": false, "command": "apply", "changed": "4 created",
///      "succeeded": true, "results": ["create boxes.a: done"]}]}
package enum HistoryJSON {
    package static func value(_ history: [HistoryEntry], of stack: StackName) -> Value {
        ["version": 1, "stack": .string(stack.name), "applies": .array(history.map { .object(fields(of: $0)) })]
    }

    /// The same of one apply, with what it left under `spec`, `plan`, `outcomes`, `applied` and `files`, or without any of it.
    package static func value(_ entry: HistoryEntry, _ remains: RunRemains?, of stack: StackName) throws -> Value {
        var object = fields(of: entry)
        object["version"] = 1
        object["stack"] = .string(stack.name)
        if let remains {
            object["spec"] = .string(remains.spec)
            object["plan"] = remains.plan
            object["outcomes"] = remains.results
            object["applied"] = try Value(encoding: remains.applied)
            object["files"] = try Value(encoding: remains.files)
        }
        return .object(object)
    }

    private static func fields(of entry: HistoryEntry) -> [String: Value] {
        var object: [String: Value] = [
            "at": .string(entry.start), "milliseconds": .integer(Int(entry.finishedAt - entry.startedAt)),
            "who": .string(entry.actor), "command": .string(entry.command), "changed": .string(entry.changed),
            "succeeded": .bool(entry.succeeded), "results": .array(entry.results.map { .string($0) }),
            "specDigest": .string(entry.specDigest),
        ]
        object["number"] = entry.number.map { .integer($0) }
        object["commit"] = entry.gitCommit.map { .string($0) }
        object["dirty"] = entry.isDirty.map { .bool($0) }
        object["verdicts"] = entry.verdicts.map { .array($0.map { .string($0) }) }
        object["drover"] = entry.drover.map { .string($0) }
        object["cutOff"] = entry.isCutOff.map { .bool($0) }
        return object
    }
}

extension HistoryEntry {
    fileprivate var start: String {
        Date(timeIntervalSince1970: Double(startedAt) / 1000).formatted(.iso8601)
    }

    fileprivate var duration: String {
        "\(Double(finishedAt - startedAt) / 1000) s"
    }

    fileprivate var commit: String {
        guard let gitCommit else { return "" }
        return gitCommit.prefix(7) + (isDirty == true ? " dirty" : "")
    }

    fileprivate var result: String { succeeded ? "done" : isCutOff == true ? "cut off" : "incomplete" }

    /// Records of older versions say it only line by line.
    fileprivate var changed: String {
        summary ?? "\(results.count) \(results.count == 1 ? "change" : "changes")"
    }
}
