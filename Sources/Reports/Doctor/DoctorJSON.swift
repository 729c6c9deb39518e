import Engine
package import Language

/// A doctor's report for machines.
///
///     {"version": 1, "good": false, "stack": "helpdesk",
///      "servers": [{"name": "OGX", "version": "1.5.0", "generation": "OGX", "url": "…", "origin": "the lab",
///                   "features": [{"name": "shields", "offered": false, "versions": "…"}], "problems": []}],
///      "findings": [{"address": "tools.tickets", "verdict": "unmet", "problem": {"code": "unlisted-tools", …}}]}
package enum DoctorJSON {
    package static func value(_ report: Diagnosis, _ sources: SourceMap) -> Value {
        [
            "version": 1, "good": .bool(report.isGood), "stack": report.stack.map { .string($0) } ?? .null,
            "servers": .array(report.servers.map { server($0, sources) }),
            "findings": .array(report.findings.map { finding($0, sources) }),
            "unseen": .array(report.unseen.map { .string($0.description) }),
        ]
    }

    private static func server(_ server: Diagnosis.Server, _ sources: SourceMap) -> Value {
        let features = server.features.map { feature -> Value in
            [
                "name": .string(feature.name), "offered": .bool(feature.isOffered),
                "versions": .string(feature.versions),
            ]
        }
        return [
            "name": .string(server.name), "version": server.version.map { .string($0) } ?? .null,
            "generation": server.generation.map { .string($0) } ?? .null, "url": .string(server.url),
            "origin": .string(server.origin), "features": .array(features),
            "problems": .array(server.problems.map { problem($0, sources) }),
        ]
    }

    private static func finding(_ finding: Finding, _ sources: SourceMap) -> Value {
        var value: [String: Value] = ["address": .string(finding.address.description)]
        switch finding.status {
        case .met(let seen):
            value["verdict"] = "met"
            if !seen.isEmpty { value["seen"] = .string(seen) }
        case .limited: value["verdict"] = "limited"
        case .unmet: value["verdict"] = "unmet"
        case .unknown: value["verdict"] = "unknown"
        case .skipped(let cause):
            value["verdict"] = "skipped"
            value["because"] = .string(cause.description)
        }
        value["problem"] = finding.diagnostic.map { problem($0, sources) }
        return .object(value)
    }

    private static func problem(_ diagnostic: Diagnostic, _ sources: SourceMap) -> Value {
        DiagnosticRenderer(sources: sources, colors: false).json([diagnostic]).array?.first ?? .null
    }
}
