import Engine
import Language
import Reports
import Testing
import Wire

@Suite("Plans for pull requests and drawings")
struct PlanMarkdownTests {
    private static let servers = [
        ConnectedServer(name: "OGX", version: "1.5.0", url: "http://127.0.0.1:1", origin: "the lab")
    ]

    private static func plan(_ changes: [Change]) -> Plan {
        Plan(stack: StackName("helpdesk"), changes: changes)
    }

    @Test(
        "However many warnings there are, the text is short enough, says how many are left out, and tells the changes")
    func manyWarnings() {
        let warnings = (1...900).map {
            Diagnostic("w", "W", detail: "Warning \($0): \(String(repeating: "x", count: 100)).", severity: .warning)
        }
        for changes in [[], [Change(Address("experiments", "e"), .create)]] {
            let plan = Plan(stack: StackName("helpdesk"), changes: changes, warnings: warnings)
            let text = PlanMarkdown.render(plan, servers: Self.servers)
            #expect(text.unicodeScalars.count <= PlanMarkdown.longest)
            #expect(text.contains("more notes are left out here"))
            #expect(changes.isEmpty || text.contains("| `experiments.e` |"))
        }
    }

    private static let heldBack = Change(
        Address("releases", "production"), .keep, label: "alias desk@production (version 1)",
        note: "stays: `golden` failed on 2026-11-29"
    ).withheld()

    @Test("What gates hold back is told with its reason, and is nothing to change")
    func heldBack() throws {
        let plan = Self.plan([Change(Address("agents", "support"), .keep), Self.heldBack])
        #expect(plan.isEmpty && plan.count(.promote) == 0)
        let told = PlanText(colors: false).render(plan, servers: [])
        let line = "  = releases.production  alias desk@production (version 1) — stays: `golden` failed on 2026-11-29"
        #expect(told.contains(line), "\(told)")
        #expect(told.hasSuffix("Nothing to change: 2 declared, all as they should be but for 1 held back by gates."))
        let text = PlanMarkdown.render(plan, servers: [])
        #expect(text.hasPrefix("### Plan of `helpdesk`: nothing to change\n\n**2 declared, all as they should"))
        #expect(text.contains("| `=` held back | `releases.production` |"), "\(text)")
        let json = try PlanJSON.value(plan, servers: [], endangered: [], requests: nil)
        #expect(json["changed"] == false && json["summary"]?["promote"] == 0)
        #expect(json["changes"]?.array?.first?["withheld"] == true && json["changes"]?.array?.count == 1)
        let more = PlanText(colors: false).render(
            Self.plan([Change(Address("agents", "support"), .update), Self.heldBack]), servers: [])
        #expect(more.contains("1 to change, 0 to replace, 0 to delete, 1 held back by gates."), "\(more)")
    }

    @Test("The verdict comes first, then a table, then folded details; the same plan gives the same text")
    func whole() {
        let plan = Self.plan([
            Change(Address("prompts", "system"), .keep),
            Change(
                Address("agents", "support"), .update,
                fields: [
                    FieldChange(
                        "instructions", old: "Be kind.\nBe ```brief```.", new: "Be kind.\nBe | clear.", cause: .both)
                ], label: "models:/support/1"),
            Change(Address("vectorStores", "old"), .delete, label: "vs_1 (a_b)"),
        ])
        let text = PlanMarkdown.render(
            plan, servers: Self.servers, endangered: [EndangeredSuite(name: "golden", cases: 1)])
        #expect(
            text == """
                ### Plan of `helpdesk`: 0 to create, 1 to change, 0 to replace, 1 to delete

                **Look closely: 1 is deleted.**

                Endangers `golden` (1 case).

                Against OGX 1.5.0 at `http://127.0.0.1:1` (the lab).

                | | What | Live object | Why |
                |---|---|---|---|
                | `~` update | `agents.support` | models:/support/1 | changed outside |
                | `-` delete | `vectorStores.old` | vs\\_1 (a\\_b) |  |

                <details><summary>agents.support: 1 field</summary>

                ````diff
                  instructions:   (changed here and outside)
                  Be kind.
                - Be ```brief```.
                + Be | clear.
                ````

                </details>

                """)
        #expect(
            text
                == PlanMarkdown.render(
                    plan, servers: Self.servers, endangered: [EndangeredSuite(name: "golden", cases: 1)]))
    }

    @Test("An empty plan says so")
    func empty() {
        let text = PlanMarkdown.render(Self.plan([Change(Address("prompts", "system"), .keep)]), servers: [])
        #expect(text.hasPrefix("### Plan of `helpdesk`: nothing to change\n"))
    }

    @Test("However much changes, it fits into a comment and says what it leaves out", arguments: [10, 200, 5000])
    func limit(count: Int) {
        let long = String(repeating: "line of text\n", count: 100)
        let changes = (0..<count).map { number in
            Change(
                Address("prompts", "p\(number)"), .update,
                fields: [FieldChange("text", old: .string(long), new: .string(long.uppercased()))])
        }
        let text = PlanMarkdown.render(Self.plan(changes), servers: Self.servers)
        #expect(text.unicodeScalars.count <= PlanMarkdown.longest)
        let isWhole = !text.contains("are left out here") && !text.contains("are shortened here")
        #expect(isWhole == (count == 10))
        #expect(text.contains("\(count) to change"))
    }

    /// Whether fences, tables and folded parts are all closed.
    private static func isWellFormed(_ text: String) -> Bool {
        var fence: Substring?
        var open = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let known = fence {
                if line == known { fence = nil }
                continue
            }
            if line.hasPrefix("```") { fence = line.prefix { $0 == "`" } }
            if line.hasPrefix("| ") && !line.hasSuffix(" |") { return false }
            open += line.hasPrefix("<details>") ? 1 : line == "</details>" ? -1 : 0
        }
        return fence == nil && open == 0
    }

    @Test(
        "Long values are shortened before anything is left out, and never within a fence or a table",
        arguments: [1, 3, 50, 150, 400, 3000])
    func longValues(count: Int) {
        // One line that alone is longer than the text may be, with fences and what ends a cell in it.
        let longest = String(repeating: "a|b```` <b> ", count: 8_000)
        let changes = (0..<count).map { number in
            let long = number < 3 ? longest : String(longest.prefix(2_000))
            return Change(
                Address("prompts", "p\(number)"), .update,
                fields: [
                    FieldChange("text", old: .string("\(number)\n\(long)"), new: .string("\(number)\n\(long)!")),
                    FieldChange("tags", old: "a", new: "b"),
                ], label: number == 2 ? long : nil, note: number == 1 ? long : nil)
        }
        let text = PlanMarkdown.render(Self.plan(changes), servers: Self.servers)
        #expect(text.unicodeScalars.count <= PlanMarkdown.longest && Self.isWellFormed(text))
        #expect(text.contains("_Long details are shortened here.") == (count < 3000))
        #expect(text == PlanMarkdown.render(Self.plan(changes), servers: Self.servers))
        let rows = text.split(separator: "\n").count { $0.hasPrefix("| `~`") }
        #expect(rows == count || (count == 3000 && text.contains("_\(count - rows) more changes are left out here.")))
        let folded = text.matches(of: /<details>/).count
        #expect(folded == count || text.contains("_The details of \(rows - folded) changes are left out here."))
        #expect(count > 50 || folded == count, "There is room for all of them.")
    }

    @Test("One long note leaves the others where they are")
    func longNote() {
        let warnings = [
            Diagnostic("w", "W", detail: String(repeating: "x", count: 70_000), severity: .warning),
            Diagnostic("w", "W", detail: "A short one.", severity: .warning),
        ]
        let plan = Plan(stack: StackName("helpdesk"), changes: [], warnings: warnings)
        let text = PlanMarkdown.render(plan, servers: Self.servers)
        #expect(text.contains("xxx…") && text.contains("> ⚠ A short one.") && text.contains("Against OGX"))
    }

    @Test("Names cannot leave their place")
    func hostile() {
        let change = Change(
            Address("prompts", "a`b|c</summary>\u{1B}[2J"), .create, label: "<img src=x> | **x**\u{202E}")
        let text = PlanMarkdown.render(Self.plan([change]), servers: [])
        #expect(!text.contains("\u{1B}") && !text.contains("<img") && !text.contains("\u{202E}"))
        #expect(text.contains(#"&lt;img src=x&gt; \| \*\*x\*\*"#))
    }

    @Test("A graph is drawn for dot and mermaid, with what a plan does to each vertex")
    func drawing() throws {
        let dot = try GraphDrawing(
            Graph.sample, name: "s", actions: [Address("k", "b"): .create, Address("k", "x\"y"): .delete])
        #expect(
            dot.render(.dot) == #"""
                digraph "s" {
                  rankdir=LR;
                  node [shape=box, style=rounded];
                  "k.a" [label="k.a", color="gray"];
                  "k.b" [label="k.b\ncreate", color="green"];
                  "k.x\"y" [label="k.x\"y\ndelete", color="red"];
                  "k.b" -> "k.a";
                }
                """#)
        #expect(
            dot.render(.mermaid) == """
                flowchart LR
                  n0["k.a"]
                  n1["k.b (create)"]:::create
                  n2["k.x#quot;y (delete)"]:::delete
                  n1 --> n0
                  classDef create stroke:green,stroke-width:2px;
                  classDef delete stroke:red,stroke-width:2px;
                """)
    }
}

extension Graph {
    /// `k.b` needs `k.a`.
    fileprivate static var sample: Graph {
        get throws {
            try Graph([Address("k", "a"), Address("k", "b")], uses: [[], [Use(implied: Address("k", "a"))]])
        }
    }
}
