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
}
