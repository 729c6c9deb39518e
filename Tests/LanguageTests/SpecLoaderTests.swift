import FoundationEssentials
import Language
import Testing

@Suite("SpecLoader")
struct SpecLoaderTests {
    /// A thing with fields of drover's own, and maps whose keys are the user's.
    private enum Thing: Described {
        static let noun = "a thing"
        static let fields = [
            Field("env", .text(), "Text."), Field("headers", .map(.text()), "A map of text."),
            Field("data", .data(mapOnly: true), "Data."), Field("parts", .list(.object(Thing.self)), "Things."),
            Field("token", .alternatives([.text(), .secret]), "A secret."),
        ]
    }

    private static let fields: [Field] = [
        Field("f", .object(Thing.self), "A thing."), Field("agents", .map(.object(Thing.self), names: true), "Things."),
    ]

    /// A new directory with files in it, removed when the body ends.
    func withFiles<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
        let directory = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }  // Left to the system where it fails.
        for (name, text) in files {
            let path = directory + "/" + name
            try FileManager.default.createDirectory(atPath: Paths.parent(of: path), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        return try body(directory)
    }

    func load(
        _ files: [String: String], _ paths: [String], overlays: [String] = [],
        variables: VariableInputs = VariableInputs(),
        environment: [String: String] = [:], input: String = ""
    ) throws -> LoadedSpec {
        try withFiles(files) { directory in
            let loader = SpecLoader(fields: Self.fields, environment: environment, workingDirectory: directory) { _ in
                Array(input.utf8)
            }
            return loader.load(paths: paths, overlays: overlays, variables: variables)
        }
    }

    @Test("A directory stands for its specs, sorted, without hidden files and subdirectories")
    func directory() throws {
        let files = [
            "d/b.yaml": "b: 1", "d/a.yml": "a: 1", "d/c.json": "{\"c\": 1}", "d/.x.yaml": "x: 1", "d/e.txt": "e: 1",
            "d/sub/f.yaml": "f: 1", "d/g.yaml/h.yaml": "h: 1",
        ]
        let loaded = try load(files, ["d/"])
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.sources.sources.map(\.path) == ["d/a.yml", "d/b.yaml", "d/c.json"])
        #expect(loaded.root?.value == ["a": 1, "b": 1, "c": 1])
        #expect(loaded.rootDirectory.hasSuffix("/d"))
        #expect(loaded.root.map { loaded.directory(of: $0.range) } == loaded.rootDirectory)
    }

    @Test("Of a directory, what drover itself wrote there is no spec; a file that is named is one")
    func ownFiles() throws {
        let record = #"{"entries": {"agents.a": {"fields": {}, "protect": false}}, "history": [], "intents": {}}"#
        let files = [
            "d/a.yaml": "a: 1", "d/record.json": record,
            "d/plan.json": #"{"destroys": false, "digest": "x", "format": "drover-plan", "version": 1}"#,
            "d/report.json": #"{"schema": "drover.run/1", "drover": "1.0.0"}"#,
        ]
        let loaded = try load(files, ["d"])
        #expect(loaded.sources.sources.map(\.path) == ["d/a.yaml"])
        #expect(loaded.diagnostics.isEmpty)
        #expect(try load(files, ["d/record.json"]).sources.sources.map(\.path) == ["d/record.json"])
        let others = [
            "d/cut.json": String(record.dropLast(9)), "d/entries.json": #"{"entries": {}, "x-y": 1}"#,
            "d/format.json": #"{"format": "other"}"#,
        ]
        #expect(try load(others, ["d"]).sources.sources.count == 3)
    }

    @Test(
        "A spec is in a directory where one would be read",
        arguments: [
            ("a.yaml", "a: 1", true), ("a.json", "{}", true), (".a.yaml", "a: 1", false), ("a.txt", "a: 1", false),
            ("plan.json", #"{"destroys": false, "format": "drover-plan"}"#, false), ("a.yaml/b.yaml", "b: 1", false),
        ])
    func areThere(name: String, text: String, isThere: Bool) throws {
        #expect(try withFiles([name: text]) { SpecFiles.areThere(in: $0) } == isThere)
    }

    @Test(
        "A mistake of JSON is told as one",
        arguments: [
            (#"{"a": 1} x"#, "syntax", "Not valid JSON", "Something follows the value.", 10),
            ("{\n\"a\": *\n}", "syntax", "Not valid JSON", "There is no such value.", 6),
            (#"{"a": "b\q"}"#, "syntax", "Not valid JSON", "There is no such escape.", 9),
            (
                #"{"a": 1"#, "unclosed-bracket", "Bracket not closed",
                "No `}` closes this `{` before something else begins.", 1
            ),
            (
                "{\"a\": \"\u{1}\"}", "control-character", "Character not allowed",
                "The character U+0001 cannot stand in a JSON file as it is.", 8
            ),
        ])
    func json(text: String, code: String, summary: String, detail: String, column: UInt32) throws {
        let problem = try #require(try load(["d/drover.json": text], ["d"]).diagnostics.first)
        #expect(problem.code.name == code)
        #expect(problem.summary == summary)
        #expect(problem.detail == detail)
        #expect(problem.subject?.start.column == column)
    }

    @Test("Keys that differ only in normalisation are told as what they are")
    func lookAlikeKeys() throws {
        let loaded = try load(["a.yaml": "f: {caf\u{E9}: 1, cafe\u{301}: 2}"], ["a.yaml"])
        #expect(loaded.diagnostics.map(\.code.name) == ["duplicate-key"])
        #expect(loaded.diagnostics.first?.detail.contains("differ only in Unicode normalisation") == true)
    }

    @Test("A file that is named twice is read once")
    func twice() throws {
        let loaded = try load(["d/a.yaml": "a: {x: 1}"], ["d", "./d/a.yaml", "d"])
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.sources.sources.count == 1)
    }

    @Test("Standard input is a source whose directory is the working directory")
    func standardInput() throws {
        let loaded = try load(["d/a.yaml": "a: 1"], ["-", "d/a.yaml"], input: "b: 2")
        #expect(loaded.root?.value == ["a": 1, "b": 2])
        #expect(loaded.sources.sources.map(\.path) == ["<stdin>", "d/a.yaml"])
        let places = loaded.root?.entries?.map { loaded.directory(of: $0.value.range) } ?? []
        #expect(places.first == loaded.rootDirectory)
        #expect(places.last == loaded.rootDirectory + "/d")
    }

    @Test(
        "Paths that cannot be read are reported",
        arguments: [
            (["nowhere"], ["missing-file"]), (["empty"], ["no-specs"]), (["broken.yaml"], ["not-utf8"]),
            (["nowhere", "a.yaml"], ["missing-file"]), (["a.yaml/x"], ["unreadable-file"]),
        ])
    func unreadable(_ paths: [String], _ codes: [String]) throws {
        let loaded = try withFiles(["a.yaml": "a: 1", "empty/readme.txt": "x"]) { directory in
            try Data([0x61, 0x3A, 0x20, 0xFF]).write(to: URL(filePath: directory + "/broken.yaml"))
            return SpecLoader(fields: Self.fields, environment: [:], workingDirectory: directory) { _ in [] }.load(
                paths: paths)
        }
        #expect(loaded.diagnostics.map(\.code.name) == codes)
        #expect(!loaded.isComplete)
    }

    @Test(
        "A directory whose directories have the specs names them",
        arguments: [
            (
                ["specs/a/x.yaml": "a: 1", "specs/b/y.json": "{}", "specs/c/d/z.yml": "a: 1"],
                "Name one of its directories that have specs: `specs/a` and `specs/b`."
            ),
            (["specs/a/x.yaml": "a: 1", "specs/readme.txt": "x"], "Did you mean `specs/a`?"),
            (["specs/c/d/z.yml": "a: 1"], "Name the directory that has the specs, or a file."),
        ])
    func directories(_ files: [String: String], _ fix: String) throws {
        let loaded = try load(files, ["specs"])
        #expect(loaded.diagnostics.map(\.code) == ["no-specs"])
        #expect(loaded.diagnostics.first?.fix == fix)
    }

    @Test("Documents are joined by kind and name")
    func join() throws {
        let files = [
            "a.yaml":
                "drover: v1\nstack: s\nagents: {a: 1}\nservers: {x: 1}\nx-free: 1\n---\nagents: {b: 2}\nmodels:\n",
            "b.yaml": "drover: v1\nmodels: {c: 3}\nservers: {y: 1}\nx-free: 2\n",
        ]
        let loaded = try load(files, ["a.yaml", "b.yaml"])
        #expect(loaded.diagnostics.isEmpty)
        #expect(
            loaded.root?.value == [
                "drover": "v1", "stack": "s", "agents": ["a": 1, "b": 2], "models": ["c": 3],
                "servers": ["x": 1, "y": 1], "x-free": 1,
            ])
    }

    @Test("An overlay changes field by field, replaces lists, removes with null and keeps its places")
    func overlay() throws {
        let files = [
            "a.yaml": "stack: s\nagents:\n  a: {model: m, tools: [x, y], metadata: {k: 1, l: 2}}\n  b: {model: n}\n",
            "o/prod.yaml":
                "agents:\n  a: {tools: [z], metadata: {k: null, n: null}, maxSteps: 3}\n"
                + "  b: null\n  c: {model: o, x: null}\n",
            "last.yaml": "agents: {a: {maxSteps: 4}}\n",
        ]
        let loaded = try load(files, ["a.yaml"], overlays: ["o/prod.yaml", "last.yaml"])
        #expect(loaded.diagnostics.map(\.code.name) == ["removes-nothing"])
        #expect(loaded.diagnostics.compactMap { $0.subject.map(loaded.sources.place) } == ["o/prod.yaml:2:39"])
        #expect(
            loaded.root?.value == [
                "stack": "s",
                "agents": [
                    "a": ["model": "m", "tools": ["z"], "metadata": ["l": 2], "maxSteps": 4], "c": ["model": "o"],
                ],
            ])
        let agent = try #require(loaded.root?["agents"]?["a"])
        #expect(agent["tools"].map { loaded.directory(of: $0.range) } == loaded.rootDirectory + "/o")
        #expect(agent["model"].map { loaded.directory(of: $0.range) } == loaded.rootDirectory)
        let removal = try #require(
            agent["metadata"].flatMap { Problems(removals: loaded.removals).removal(ofOneOf: ["k"], from: $0.range) })
        #expect(loaded.sources.place(removal) == "o/prod.yaml:2:30")
    }

    @Test("An overlay or a variable file that is named again is laid over again")
    func twiceLaid() throws {
        let files = [
            "a.yaml": "f: {env: \"${var.v}\"}\nvariables: {v: {type: string}}\n", "b.yaml": "f: {env: b}\n",
            "c.yaml": "f: {env: \"${var.v}\"}\n", "d.yaml": "v: d\n", "e.yaml": "v: e\n",
        ]
        let loaded = try load(
            files, ["a.yaml"], overlays: ["c.yaml", "b.yaml", "./c.yaml"],
            variables: VariableInputs(files: ["d.yaml", "e.yaml", "d.yaml"]))
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.root?["f"]?.value == ["env": "d"])
        #expect(loaded.sources.sources.count == 5)
    }

    @Test("`x-` is free where fields are drover's own, and a key like any other where keys are the user's")
    func freeKeys() throws {
        let text = """
            variables: {x-v: {type: string, default: V, x-note: "${nothing"}}
            x-top: ${nothing
            f:
              x-free: ${nothing
              headers: {x-api-key: "${var.x-v}"}
              data: {x-id: {x-deep: ["${var.x-v}"]}}
              parts: [{x-free: "${nothing", env: "${var.x-v}"}]
              token: {env: T, x-free: "${nothing"}
            agents: {x-named: {x-free: "${nothing", env: "${var.x-v}"}}
            other: {x-unknown: "${var.x-v}"}
            """
        let loaded = try load(["a.yaml": text], ["a.yaml"])
        #expect(loaded.diagnostics.isEmpty)
        let root = try #require(loaded.root)
        #expect(root["x-top"]?.string == "${nothing")
        #expect(
            root["f"]?.value == [
                "x-free": "${nothing", "headers": ["x-api-key": "V"], "data": ["x-id": ["x-deep": ["V"]]],
                "parts": [["x-free": "${nothing", "env": "V"]], "token": ["env": "T", "x-free": "${nothing"],
            ])
        #expect(root["agents"]?.value == ["x-named": ["x-free": "${nothing", "env": "V"]])
        #expect(root["other"]?.value == ["x-unknown": "V"])
    }

    @Test("The same name twice is an error, also when it begins with `x-`; free fields may stand twice")
    func freeKeysJoined() throws {
        let files = ["a.yaml": "agents: {x-a: 1}\nf: {x-b: 1}\n", "b.yaml": "agents: {x-a: 2}\nf: {x-b: 2}\n"]
        let loaded = try load(files, ["a.yaml", "b.yaml"])
        #expect(loaded.diagnostics.map(\.code) == ["duplicate-name"])
        #expect(loaded.root?["f"]?.value == ["x-b": 1])
    }

    @Test(
        "A byte order mark is no part of a file",
        arguments: [
            "\u{FEFF}drover: v1\nstack: s\n", "\u{FEFF}---\ndrover: v1\nstack: s\n",
            "\u{FEFF}{\"drover\": \"v1\", \"stack\": \"s\"}",
            "\u{FEFF}# comment\r\ndrover: v1\r\nstack: s\r\n", "\u{FEFF}%YAML 1.2\n---\ndrover: v1\nstack: s\n",
            "\u{FEFF}drover: v1\n\u{FEFF}---\nstack: s\n", "drover: v1\r\n\u{FEFF}--- {stack: s}\n",
        ])
    func byteOrderMark(text: String) throws {
        for input in ["-", "a.yaml"] {
            let loaded = try load(["a.yaml": text], [input], input: text)
            #expect(loaded.diagnostics.isEmpty)
            #expect(loaded.root?.value == ["drover": "v1", "stack": "s"])
        }
    }

    @Test("Places behind a byte order mark, overlays and files of variables with one")
    func byteOrderMarks() throws {
        let files = [
            "a.yaml": "\u{FEFF}f: {env: \"${var.v}\"}\nvariables: {v: {type: string}}\nf: 1\n",
            "o.yaml": "\u{FEFF}f: {headers: {a: b}}\nagents: {}\n", "v.yaml": "\u{FEFF}v: V\n",
        ]
        let loaded = try load(
            files, ["a.yaml"], overlays: ["o.yaml"], variables: VariableInputs(files: ["v.yaml"]))
        #expect(loaded.diagnostics.map(\.code) == ["duplicate-key"])
        #expect(loaded.diagnostics.compactMap { $0.subject.map(loaded.sources.place) } == ["a.yaml:3:1"])
        #expect(loaded.diagnostics.first?.notes.compactMap { $0.subject.map(loaded.sources.place) } == ["a.yaml:1:1"])
        #expect(loaded.root?["f"]?.value == ["env": "V", "headers": ["a": "b"]])
        #expect(loaded.root?["agents"]?.value == [:])
    }

    @Test("Two files whose names differ only in normalisation are two")
    func normalisation() throws {
        let loaded = try withFiles(["caf\u{E9}.yaml": "f: {env: a}"]) { directory in
            try Data("agents: {}".utf8).write(to: URL(filePath: directory + "/cafe\u{301}.yaml"))
            let loader = SpecLoader(fields: Self.fields, environment: [:], workingDirectory: directory) { _ in [] }
            return loader.load(paths: ["."])
        }
        #expect(loaded.sources.sources.count == 2)
        #expect(loaded.root?.value == ["f": ["env": "a"], "agents": [:]])
    }

    @Test("A malformed reference is one mistake", arguments: ["${name}", "${a b}", "${var.v:-x}", "${}", "x ${name"])
    func malformedReference(text: String) throws {
        let loaded = try load(["a.yaml": "f: {env: '\(text)'}\nvariables: {v: {type: string, default: a}}"], ["a.yaml"])
        #expect(loaded.diagnostics.count == 1)
        var problems = Problems()
        let node = try #require(loaded.root?["f"]?["env"])
        #expect(Reading<String>.choice(["a"]).read(node, reporting: &problems) == nil)
        #expect(problems.diagnostics.isEmpty)
    }

    @Test("A value never brings structure with it")
    func injection() throws {
        let loaded = try load(["a.yaml": "a: ${env.A}\n"], ["a.yaml"], environment: ["A": "x\nb: {c: ${var.d}}"])
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.root?.value == ["a": "x\nb: {c: ${var.d}}"])
    }

    @Test("Mistakes of all steps are reported in one run")
    func allSteps() throws {
        let files = [
            "a.yaml": "stack: s\nvariables: {v: {type: text}}\na: ${var.w}\na: 1\n", "b.yaml": "stack: t\n",
            "c.yaml": "x: [\n",
        ]
        let loaded = try load(
            files, ["a.yaml", "b.yaml", "c.yaml", "d.yaml"], overlays: ["e.yaml"], variables: .init(assignments: ["v"]))
        #expect(
            loaded.diagnostics.sortedByPlace().map(\.code.name) == [
                "invalid-variable", "unknown-variable", "duplicate-key", "conflicting-values", "unclosed-bracket",
                "missing-file", "missing-file", "malformed-assignment",
            ])
        #expect(loaded.root?["stack"]?.string == "s")
    }
}
