import Language
import Suites
import Testing

@Suite("The key that evidence is kept under")
struct EvidenceKeyTests {
    private static let suite: Value = [
        "agent": "support", "description": "Golden", "labels": ["area": "refunds"], "experiment": "e",
        "thresholds": ["passRate": 1], "x-note": "mine",
        "cases": [["name": "refund", "input": "Refunds?", "labels": ["a": "b"], "expect": [["contains": "30 days"]]]],
    ]

    private static func key(
        logical: String = "l", code: String = "c", _ suite: Value = suite, files: [String: String] = ["t.csv": "1"],
        judges: [String: Value] = ["j": ["model": "m", "rubric": "r"]], meant: [String: String] = ["judges.j": "d"],
        servers: [String] = ["OGX 1.5.0 at http://a"]
    ) -> String {
        EvidenceKey(
            logical: logical, code: code, suite: suite, files: files, judges: judges, meant: meant, servers: servers
        ).text
    }

    private static func changed(_ change: (inout [String: Value]) -> Void) -> Value {
        guard case .object(var fields) = suite else { return .null }
        change(&fields)
        return .object(fields)
    }

    @Test("Everything that a result depends on changes it")
    func depends() {
        let changed = [
            Self.key(logical: "m"), Self.key(code: "d"), Self.key(files: ["t.csv": "2"]),
            Self.key(judges: ["j": ["model": "n", "rubric": "r"]]),
            Self.key(judges: ["j": ["model": "m", "rubric": "s"]]),
            Self.key(meant: ["judges.j": "e"]), Self.key(meant: ["judges.j": "d", "baseline": "run"]),
            Self.key(servers: ["OGX 1.5.1 at http://a"]), Self.key(servers: ["OGX 1.5.0 at http://b"]),
            Self.key(Self.changed { $0["thresholds"] = ["passRate": 0.5] }),
            Self.key(Self.changed { $0["defaults"] = ["timeout": "5s"] }),
            Self.key(Self.changed { $0["agent"] = "other" }),
            Self.key(Self.changed { $0["cases"] = [["name": "refund", "input": "Refund?"]] }),
        ]
        #expect(Set(changed + [Self.key()]).count == changed.count + 1)
    }

    @Test("What only names and describes does not")
    func describes() {
        let same = [
            Self.key(Self.changed { $0["description"] = "Other" }), Self.key(Self.changed { $0["labels"] = nil }),
            Self.key(Self.changed { $0["experiment"] = "other" }), Self.key(Self.changed { $0["x-note"] = nil }),
            Self.key(judges: ["j": ["model": "m", "rubric": "r", "description": "d", "labels": ["file": "l.csv"]]]),
        ]
        #expect(Set(same) == [Self.key()])
    }

    @Test("A judge that was edited since it was read has another key")
    func editedJudge() {
        let place = SourcePosition(line: 1, column: 1)
        let range = SourceRange(source: SourceID(index: 0), start: place, end: place)
        let judge = Judge(name: "j", model: "m", rubric: "r", range: range)
        let suite = TestSuite(name: "golden", agent: "a", range: range, cases: [TestCase](), judges: ["j": judge])
        let keys = [judge.digest, "edited"].map { digest in
            EvidenceKey(
                logical: "l", code: "c", suite: .null, files: [:], judges: [:], meant: ["judges.j": digest],
                servers: [])
        }
        #expect(keys.map { $0.isOf(suite) } == [true, false])
    }
}
