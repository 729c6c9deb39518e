import Fakes
import Language
import Support

/// Specs over all kinds and their optional fields, drawn by a seed, for one version of the server.
///
/// What is referred to is declared in the same spec, so that each of them can be applied, and each after any other. What is
/// not drawn: gates and `verify`, which need suites; `url` of documents; `version` of a prompt, which may not be there yet;
/// `existing` agents; and what is only allowed where something else is not, as the functions below say.
struct GeneratedSpecs {
    /// The files that they name, with what is in them.
    static let files = [
        "given.md": "You were given\nin a file.\n", "cases.jsonl": "{\"q\": \"One\", \"expectations\": {\"a\": 1}}\n",
        "docs/a.md": "Llamas eat hay.\n", "docs/b.md": "Refunds take 30 days.\n",
    ]

    let version: FakeStackVersion
    private var generator: SplitMix64

    init(seed: UInt64, for version: FakeStackVersion) {
        self.version = version
        generator = SplitMix64(seed: seed)
    }

    /// The next spec, as sections of declared things.
    mutating func next() -> [String: Value] {
        var spec: [String: Value] = [:]
        for (section, make) in Self.sections {
            let count = Self.isPossible(section, in: spec) ? draw(3) : 0
            var things: [String: Value] = [:]
            for number in 0..<count {
                let (name, moved) = declared(number, in: section)
                var thing = make(&self, spec, number).object ?? [:]
                thing.merge(common(section, name, thing, spec)) { own, _ in own }
                thing["moved"] = moved.map(Value.string)
                things[name] = .object(thing)
            }
            if !things.isEmpty { spec[section] = .object(things) }
        }
        askAnAgent(&spec)
        return spec
    }

    /// Every kind, after those that it may refer to.
    private static let sections: [(String, @Sendable (inout GeneratedSpecs, [String: Value], Int) -> Value)] = [
        ("experiments", { specs, _, number in specs.experiment(number) }),
        ("registeredModels", { specs, _, _ in specs.some(of: ["tags": specs.tags()]) }),
        ("prompts", { specs, _, _ in specs.prompt() }), ("models", { specs, _, number in specs.model(number) }),
        ("shields", { specs, _, number in specs.shield(number) }),
        ("datasets", { specs, spec, _ in specs.dataset(spec) }),
        ("vectorStores", { specs, spec, _ in specs.store(spec) }),
        ("tools", { specs, spec, number in specs.tool(spec, number) }),
        ("agents", { specs, spec, number in specs.agent(spec, number) }),
        ("releases", { specs, _, number in specs.release(number) }),
    ]

    private static func isPossible(_ section: String, in spec: [String: Value]) -> Bool {
        switch section {
        case "datasets": spec["experiments"] != nil
        case "releases": spec["agents"]?[released].map { $0["log"] != false } ?? false
        case _: true
        }
    }

    /// The agent that releases are of. It stays in one registered model, so that its aliases do.
    static let released = "agen-0"

    /// The declared name of a thing, and what it was before where that is another one.
    private mutating func declared(_ number: Int, in section: String) -> (name: String, moved: String?) {
        let name = "\(section.lowercased().prefix(4))-\(number)"
        guard ["experiments", "prompts", "vectorStores"].contains(section), draw(4) == 0 else { return (name, nil) }
        return (name + "b", name)
    }

    /// The fields that every kind has. Live names differ from each other whatever was declared before: none is taken.
    private mutating func common(
        _ section: String, _ name: String, _ thing: [String: Value], _ spec: [String: Value]
    ) -> [String: Value] {
        var optional: [String: Value] = ["description": .string(text()), "protect": false]
        if ["experiments", "registeredModels", "prompts", "datasets", "vectorStores"].contains(section) {
            optional["name"] = .string("\(name)-live")
        }
        let isKept = draw(2) == 0
        // The versions of an agent that is kept would be somebody else's in what is deleted with it; so would an alias.
        if !["agents", "releases"].contains(section) { optional["onDelete"] = isKept ? "retain" : "delete" }
        if let ignored = Self.ignored[section] {
            optional["ignoreChanges"] = .array([.string(ignored[draw(ignored.count)])])
        }
        if section != "experiments", let experiment = self.name(in: "experiments", of: spec) {
            optional["dependsOn"] = .array([.string("experiments/\(experiment)")])
        }
        return some(of: optional).object ?? [:]
    }

    /// What may be left to others, by kind. Not the template of a prompt: what is said with it may not fit an older one.
    private static let ignored = [
        "experiments": ["description", "tags", "tags.team"], "registeredModels": ["description", "tags.x-note"],
        "prompts": ["description", "tags", "alias"], "datasets": ["description", "tags"], "models": ["metadata"],
        "shields": ["params"], "vectorStores": ["metadata", "expiresAfter"], "agents": ["description", "log.tags"],
    ]

    /// The place of artifacts cannot change without a new experiment: one has its own, the other has not.
    private mutating func experiment(_ number: Int) -> Value {
        let place: [String: Value] = number == 1 ? ["artifactLocation": "mlflow-artifacts:/elsewhere"] : [:]
        return some(of: ["tags": tags()], besides: place)
    }

    private mutating func prompt() -> Value {
        let templates: [Value] = [
            .string(text()), "You answer {{name}}.\n\n- Be brief.\n", "  leading and trailing  ",
            [["role": "system", "content": .string(text())], ["role": "user", "content": "{{question}}"]],
            ["file": "given.md"],
        ]
        return some(
            of: ["tags": tags(), "alias": "production"], besides: ["template": templates[draw(templates.count)]])
    }

    /// One that is registered where servers take that, and one that is only checked.
    private mutating func model(_ number: Int) -> Value {
        guard number == 0, version.registersModels else {
            guard number == 1, draw(2) == 0 else {
                return some(of: ["type": "llm"], besides: ["id": .string(version.models.llm)])
            }
            return some(
                of: ["dimension": 384], besides: ["id": .string(version.models.embedding), "type": "embedding"])
        }
        let types: [[String: Value]] = [
            [:], ["type": "llm"], ["type": "embedding", "dimension": .integer(7 + draw(2))],
        ]
        return some(
            of: ["providerModel": "scripted-other", "metadata": ["note": .string(text()), "n": .integer(draw(3))]],
            besides: ["id": "scripted-zero", "provider": "scripted"], types[draw(types.count)])
    }

    /// The id stays the same: an alias may still ask one that another took the place of.
    private mutating func shield(_ number: Int) -> Value {
        var required: [String: Value] = ["provider": "llama-guard"]
        if number == 1 { required["id"] = "guard" }
        if !version.hasShields { required["ifUnsupported"] = "skip" }
        return some(
            of: [
                "providerShield": .string("guard-\(draw(2))"),
                "params": ["note": .string(text()), "n": .integer(draw(3))],
                "ifUnsupported": version.hasShields ? "fail" : "skip",
            ], besides: required)
    }

    private mutating func dataset(_ spec: [String: Value]) -> Value {
        let records = (0..<draw(3) + 1).map { number -> Value in
            some(
                of: ["expectations.team": .string(text()), "n": .integer(draw(9)), "x": .number(0.5), "yes": true],
                besides: ["q": .string("Question \(number)")])
        }
        let rows: [String: Value] = draw(4) == 0 ? ["file": "cases.jsonl"] : ["records": .array(records)]
        return some(
            of: ["tags": tags()], besides: ["experiment": .string(name(in: "experiments", of: spec) ?? "")], rows)
    }

    private mutating func store(_ spec: [String: Value]) -> Value {
        var documents = (0..<draw(4)).map { number -> Value in
            some(
                of: ["attributes": ["lang": "en", "year": "2026", "public": "true"]],
                besides: ["text": .string("\(text()) \(number)"), "name": .string("doc-\(number).txt")])
        }
        let files: [Value] = [
            "docs/*.md", some(of: ["name": "hay.md", "attributes": ["lang": "en"]], besides: ["path": "docs/a.md"]),
        ]
        if draw(2) == 0 { documents.append(files[draw(files.count)]) }
        let chunkings: [Value] = ["auto", ["maxTokens": 400, "overlap": 80], ["maxTokens": 100]]
        var models: [Value] = [.string(version.models.embedding)]
        for (name, model) in (spec["models"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
        where model["id"] == models[0] { models.append(.string(name)) }
        return some(
            of: [
                "chunking": chunkings[draw(chunkings.count)], "metadata": ["audience": .string(text())],
                "documents": .array(documents), "update": draw(2) == 0 ? "newFirst" : "inPlace",
                "expiresAfter": "3d", "embeddingDimension": 384, "provider": "faiss",
            ], besides: ["embeddingModel": models[draw(models.count)]])
    }
}

/// What the sections draw with.
extension GeneratedSpecs {
    mutating func tags() -> Value {
        some(of: ["team": .string(text()), "x-note": .string(text()), "a.b": "1"])
    }

    /// Texts that servers, YAML or comparisons may take for something else.
    mutating func text() -> String {
        let texts = [
            "Be brief.", "yes", "1.0", "07", "null", "Zażółć gęślą jaźń", "e\u{301}", "a: b", "- a\n- b", "\"quoted\"",
            "$${HOME}", "100 %", "किताबें", "👩🏽‍💻", "tab\there", "'", "~", "{}", "#no comment",
        ]
        return texts[draw(texts.count)]
    }

    /// The fields that have to be there, and each of the others or not.
    mutating func some(of optional: [String: Value], besides required: [String: Value]...) -> Value {
        var fields = required.reduce(into: [:]) { $0.merge($1) { _, new in new } }
        for key in optional.keys.sorted() where draw(2) == 0 && fields[key] == nil { fields[key] = optional[key] }
        return .object(fields)
    }

    func name(in section: String, of spec: [String: Value]) -> String? {
        spec[section]?.object?.keys.min()
    }

    /// The declared names of a section, or so many of them as are drawn.
    mutating func names(in section: String, of spec: [String: Value]) -> [String] {
        (spec[section]?.object ?? [:]).keys.sorted().filter { _ in draw(2) == 0 }
    }

    mutating func draw(_ count: Int) -> Int {
        Int(generator.next() % UInt64(count))
    }
}
