import Language
import Support

/// Specs over all kinds and their optional fields, drawn by a seed.
///
/// What is referred to is declared in the same spec, so that each of them can be applied.
struct GeneratedSpecs {
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    /// The next spec, as sections of declared things.
    mutating func next() -> [String: Value] {
        var spec: [String: Value] = [:]
        for (section, make) in Self.sections {
            let count = section == "datasets" && spec["experiments"] == nil ? 0 : draw(3)
            var things: [String: Value] = [:]
            for number in 0..<count { things["\(section.lowercased().prefix(4))-\(number)"] = make(&self, spec) }
            if !things.isEmpty { spec[section] = .object(things) }
        }
        return spec
    }

    /// Every kind, after those that it may refer to.
    private static let sections: [(String, @Sendable (inout GeneratedSpecs, [String: Value]) -> Value)] = [
        ("experiments", { specs, _ in specs.experiment() }), ("registeredModels", { specs, _ in specs.model() }),
        ("prompts", { specs, _ in specs.prompt() }), ("models", { specs, _ in specs.checked() }),
        ("datasets", { specs, spec in specs.dataset(spec) }), ("vectorStores", { specs, spec in specs.store(spec) }),
        ("tools", { specs, spec in specs.tool(spec) }), ("agents", { specs, spec in specs.agent(spec) }),
    ]

    private mutating func experiment() -> Value {
        some(of: ["description": "Answers to customers", "tags": tags(), "protect": false])
    }

    private mutating func model() -> Value {
        some(of: ["description": .string(text()), "tags": tags(), "onDelete": "delete"])
    }

    private mutating func prompt() -> Value {
        let templates: [Value] = [
            .string(text()), "You answer {{name}}.\n\n- Be brief.\n", "  leading and trailing  ",
            [["role": "system", "content": .string(text())], ["role": "user", "content": "{{question}}"]],
        ]
        return some(
            of: ["description": .string(text()), "tags": tags(), "alias": "production"],
            besides: ["template": templates[draw(templates.count)]])
    }

    private mutating func checked() -> Value {
        some(of: ["type": "llm"], besides: ["id": "scripted/llm"])
    }

    private mutating func dataset(_ spec: [String: Value]) -> Value {
        let records = (0..<draw(3) + 1).map { number -> Value in
            some(
                of: ["expectations.team": .string(text()), "n": .integer(draw(9)), "x": .number(0.5), "yes": true],
                besides: ["q": .string("Question \(number)")])
        }
        return some(
            of: ["tags": tags()], besides: ["experiment": .string(name(in: "experiments", of: spec) ?? "")],
            ["records": .array(records)])
    }

    private mutating func store(_ spec: [String: Value]) -> Value {
        let documents = (0..<draw(4)).map { number -> Value in
            some(
                of: ["attributes": ["lang": "en", "year": "2026", "public": "true"]],
                besides: ["text": .string("\(text()) \(number)"), "name": .string("doc-\(number).txt")])
        }
        let chunkings: [Value] = ["auto", ["maxTokens": 400, "overlap": 80], ["maxTokens": 100]]
        return some(
            of: [
                "chunking": chunkings[draw(chunkings.count)], "metadata": ["audience": .string(text())],
                "documents": .array(documents), "update": "newFirst",
            ], besides: ["embeddingModel": "scripted/embed"])
    }

    private mutating func tool(_ spec: [String: Value]) -> Value {
        let function: Value = [
            "function": some(
                of: ["exec": ["command": ["true"], "timeout": "5s"]],
                besides: [
                    "description": .string(text()),
                    "parameters": [
                        "type": "object", "properties": ["x-city": ["type": "string", "maxLength": 40]],
                        "required": ["x-city"],
                    ],
                ])
        ]
        guard let store = name(in: "vectorStores", of: spec), draw(2) == 0 else { return function }
        return ["fileSearch": some(of: ["maxResults": 4], besides: ["vectorStores": [.string(store)]])]
    }

    private mutating func agent(_ spec: [String: Value]) -> Value {
        var instructions: [Value] = [.string(text()), "Line one.\r\nLine two.\n"]
        let named = spec["prompts"]?.object?.filter { $0.value["template"]?.string?.contains("{{name}}") == true }
        if let prompt = named?.keys.min() {
            instructions.append(["prompt": .string(prompt), "with": ["name": .string(text())]])
        }
        let tools = spec["tools"]?.object?.keys.sorted().prefix(draw(3)).map(Value.string) ?? []
        var log: Value = some(of: ["tags": tags()])
        if let experiment = name(in: "experiments", of: spec), draw(2) == 0 {
            log = ["experiment": .string(experiment)]
        }
        return some(
            of: [
                "description": .string(text()), "tools": .array(tools), "sampling": some(of: ["temperature": 0.5]),
                "maxSteps": .integer(3 + draw(9)), "metadata": ["tier": .string(text())],
                "log": draw(4) == 0 ? false : log, "toolChoice": "auto",
            ], besides: ["model": "scripted/llm", "instructions": instructions[draw(instructions.count)]])
    }

    private mutating func tags() -> Value {
        some(of: ["team": .string(text()), "x-note": .string(text()), "a.b": "1"])
    }

    /// Texts that servers, YAML or comparisons may take for something else.
    private mutating func text() -> String {
        let texts = [
            "Be brief.", "yes", "1.0", "07", "null", "Zażółć gęślą jaźń", "e\u{301}", "a: b", "- a\n- b", "\"quoted\"",
            "$${HOME}", "100 %", "किताबें", "👩🏽‍💻", "tab\there", "'", "~", "{}", "#no comment",
        ]
        return texts[draw(texts.count)]
    }

    /// The fields that have to be there, and each of the others or not.
    private mutating func some(
        of optional: [String: Value], besides required: [String: Value]...
    ) -> Value {
        var fields = required.reduce(into: [:]) { $0.merge($1) { _, new in new } }
        for key in optional.keys.sorted() where draw(2) == 0 { fields[key] = optional[key] }
        return .object(fields)
    }

    private mutating func name(in section: String, of spec: [String: Value]) -> String? {
        spec[section]?.object?.keys.min()
    }

    private mutating func draw(_ count: Int) -> Int {
        Int(generator.next() % UInt64(count))
    }
}
