import Fakes
import Language
import Testing

@testable import Kinds

@Suite("What MLflow refuses is told before anything is changed")
struct MLflowRulesTests {
    private static let long = String(repeating: "k", count: 251)

    /// A spec, and the code that it is refused with.
    private static let specs: [(String, String)] = [
        ("experiments: {e: {tags: {\"a//b\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"a/\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"/a\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"a/./b\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"a/../b\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\".\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"..a\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"a,b\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"a@b\": x}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {\"e\u{301}\": x}}}", "bad-tag-key"),
        ("registeredModels: {m: {tags: {\(long): x}}}", "bad-tag-key"),
        ("prompts: {p: {template: hi, tags: {\"a//b\": x}}}", "bad-tag-key"),
        ("experiments: {e: {}}\ndatasets: {d: {experiment: e, records: [{q: 1}], tags: {\"a//b\": x}}}", "bad-tag-key"),
        ("agents: {a: {model: m, instructions: Hi, log: {tags: {\"a//b\": x}}}}", "bad-tag-key"),
        ("experiments: {e: {tags: {a: \(String(repeating: "v", count: 20_001))}}}", "long-tag"),
        ("registeredModels: {m: {tags: {a: \(String(repeating: "v", count: 100_001))}}}", "long-tag"),
        ("experiments: {e: {tags: {mlflow.note.content: x}}}", "reserved-tag"),
        ("experiments: {e: {description: d, tags: {mlflow.note.content: x}}}", "reserved-tag"),
        (
            "experiments: {e: {}}\ndatasets: {d: {experiment: e, records: [{q: 1}], tags: {mlflow.note.content: x}}}",
            "reserved-tag"
        ),
        ("prompts: {p: {template: hi, tags: {mlflow.prompt.is_prompt: \"false\"}}}", "reserved-tag"),
        ("registeredModels: {m: {tags: {mlflow.prompt.is_prompt: \"true\"}}}", "reserved-tag"),
        ("models: {m: {id: m, provider: p, metadata: {drover.stack: other}}}", "reserved-tag"),
        ("experiments: {e: {name: \(String(repeating: "n", count: 501))}}", "bad-name"),
        ("registeredModels: {m: {name: a/b}}", "bad-name"), ("registeredModels: {m: {name: \"a:b\"}}", "bad-name"),
        ("registeredModels: {m: {name: drover.lock.shop.1}}", "bad-name"),
        ("registeredModels: {m: {name: ..}}", "bad-name"), ("registeredModels: {m: {name: \" \"}}", "bad-name"),
        ("prompts: {p: {template: hi, name: ..}}", "bad-name"), ("prompts: {p: {template: hi, name: a b}}", "bad-name"),
        ("prompts: {p: {template: hi, alias: latest}}", "bad-alias"),
        ("prompts: {p: {template: hi, alias: V12}}", "bad-alias"),
        ("prompts: {p: {template: hi, alias: \(String(repeating: "a", count: 256))}}", "bad-alias"),
        ("agents: {a: {model: m, instructions: Hi}}\nreleases: {r: {agent: a, alias: v1}}", "bad-alias"),
        ("experiments: {e: {description: \(String(repeating: "d", count: 20_001))}}", "long-description"),
        ("registeredModels: {m: {description: \(String(repeating: "d", count: 5_001))}}", "long-description"),
        ("experiments: {e: {artifactLocation: \"runs:/1/a\"}}", "bad-location"),
        (
            "vectorStores: {v: {embeddingModel: m, documents: [{text: t, name: n, attributes: {drover: mine}}]}}",
            "reserved-attribute"
        ),
    ]

    @Test("A rule that is broken is told by its code", arguments: specs)
    func refused(spec: String, code: String) throws {
        let stack = try TestStack()
        let thrown = #expect(throws: Diagnostics.self) { try stack.declare(spec) }
        #expect(thrown?.all.map(\.code.name) == [code])
    }

    @Test(
        "What MLflow takes is taken",
        arguments: [
            "experiments: {e: {name: \"/Users/\u{E9} x: 1\", tags: {\"a/b-c.d_e:f 1\": x, \"\u{E9}\u{4E2D}\": x, x-y: z, a..b: c}}}",
            "registeredModels: {m: {name: \"a b\", tags: {mlflow.note.content: x}}}",
            "registeredModels: {m: {tags: {\(String(long.dropLast())): \(String(repeating: "v", count: 100_000))}}}",
            "prompts: {p: {template: hi, name: a.b-c_D, alias: v1a}}",
        ])
    func taken(spec: String) throws {
        #expect(throws: Never.self) { try TestStack().declare(spec) }
    }

    private static func wide(_ count: Int, isTag: Bool) -> String {
        let text = String(repeating: "v", count: count)
        return "experiments: {e: {\(isTag ? "tags: {a: \(text)}" : "description: \(text)")}}"
    }

    @Test(
        "What only later versions have room for is told by the plan, before anything is changed",
        arguments: ["3.5.1", "3.15.0", "3.9.0rc1"], [true, false])
    func noRoom(version: String, isTag: Bool) async throws {
        let stack = try TestStack(mlflow: FakeMLflow(version: version))
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.apply(Self.wide(5_001, isTag: isTag))
        }
        let told = try #require(thrown?.all.first)
        #expect(thrown?.all.count == 1 && told.code == "no-room" && told.cause == .lacking)
        #expect(told.detail.contains("has 5001 characters, and MLflow \(version) takes at most 5000"))
        #expect(told.detail.contains("since 3.16 it takes 20,000"))
        #expect(told.address == "experiments.e" && told.subject != nil)
        #expect(stack.mlflow.store.experiments.allSatisfy { $0.name != "e" })
    }

    @Test(
        "What there is room for is taken", arguments: [("3.5.1", 5_000), ("3.16.0", 20_000), ("3.17.2", 5_001)],
        [true, false])
    func room(of server: (String, Int), isTag: Bool) async throws {
        let stack = try TestStack(mlflow: FakeMLflow(version: server.0))
        try await stack.apply(Self.wide(server.1, isTag: isTag))
        #expect(try await stack.plan(Self.wide(server.1, isTag: isTag)).lines == [])
    }

    @Test(
        "An alias is letters, digits, `_` and `-`, and neither `latest` nor a number of a version",
        arguments: [
            ("live", true), ("v1-rc", true), ("v", true), ("1", true), ("_a-B9", true), ("latest2", true),
            ("", false), ("latest", false), ("LaTest", false), ("v1", false), ("V12", false), ("a.b", false),
            ("a b", false), ("é", false), ("a\n", false),
        ])
    func aliases(name: String, isFree: Bool) {
        #expect(MLflowRules.isAlias(name) == isFree)
    }

    @Test(
        "A prompt's name may have dots, too",
        arguments: [("a.b", true), ("A_b-9", true), ("", false), ("a/b", false), ("a b", false), ("ü", false)])
    func promptNames(name: String, isFree: Bool) {
        #expect(MLflowRules.isPromptName(name) == isFree)
    }
}
