import Engine
import Language
import Reports
import Testing
import Wire

@Suite("PlanText")
struct PlanTextTests {
    private static func text(_ field: FieldChange) -> String {
        let change = Change(Address("agents", "a"), .update, fields: [field])
        let plan = Plan(stack: StackName("helpdesk"), changes: [change])
        let text = PlanText(colors: false).render(plan, servers: [])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropFirst(3).dropLast(2).joined(separator: "\n")
    }

    @Test("A changed map is shown by what changed in it")
    func map() {
        let old: Value = ["mcp": ["url": "http://a/mcp", "allow": ["a", "b"], "headers": ["x-a": "1"]]]
        let new: Value = ["mcp": ["url": "http://b/mcp", "allow": ["a"], "headers": ["x-a": "1", "x-b": "2"]]]
        #expect(
            Self.text(FieldChange("tools.desk", old: old, new: new, cause: .drift)) == """
                      tools.desk.mcp.allow: ["a","b"] → ["a"]  (changed outside)
                      tools.desk.mcp.headers.x-b: 2  (removed outside)
                      tools.desk.mcp.url: http://a/mcp → http://b/mcp  (changed outside)
                """)
    }

    @Test("A removed field says that it forces a replacement")
    func removedForces() {
        #expect(
            Self.text(FieldChange("expiresAfter", old: "3d", forcesReplacement: true)).hasSuffix(
                "expiresAfter: 3d → (removed)  # forces replacement"))
    }

    @Test("Drift is told as what others did, and a selection says what was not looked at")
    func purpose() {
        let field = FieldChange("label", old: "theirs", new: "ours", cause: .drift)
        let changed = Change(Address("boxes", "a"), .update, fields: [field])
        var lost = Change(Address("boxes", "b"), .create)
        lost.isLost = true
        let drift = Plan(stack: StackName("shop"), changes: [changed, lost]).drift
        let text = PlanText(colors: false).render(drift, servers: [])
        #expect(text.contains("\nDrift: 1 changed outside, 1 deleted outside.\n") && !text.contains("Plan:"), "\(text)")
        let markdown = PlanMarkdown.render(drift, servers: [])
        #expect(markdown.hasPrefix("### Drift of `shop`: 1 changed outside, 1 deleted outside\n"), "\(markdown)")
        let kept = [Change(Address("boxes", "a"), .keep)]
        let selected = Plan(stack: StackName("shop"), changes: kept, limits: Plan.Limits(unselected: 2))
        let told = PlanText(colors: false).render(selected, servers: [])
        #expect(told.contains("Nothing to change: 1 selected, all as they should be.\nNot looked at"), "\(told)")
        #expect(told.hasSuffix("because of the selection: 2 declared."))
        // In a destroy, too, of which a selection leaves what is declared.
        let left = Plan(stack: StackName("shop"), changes: kept, limits: Plan.Limits(unremoved: 4))
        let rest = PlanText(colors: false).render(left, servers: [])
        #expect(rest.contains("Would be removed too, but for this selection: 4."), "\(rest)")
    }

    @Test("Every format says what a promotion frees")
    func freed() throws {
        let field = FieldChange("version", old: 1, new: 2)
        let promoted = Change(Address("releases", "production"), .promote, fields: [field])
        var plan = Plan(stack: StackName("shop"), changes: [promoted])
        #expect(try PlanJSON.value(plan, servers: [], endangered: [], requests: nil)["freed"] == nil)
        plan.freed = [Freed(address: Address("vectorStores", "s"), object: "vector store vs_1 (s)")]
        let text = PlanText(colors: false).render(plan, servers: [])
        #expect(text.hasSuffix("only older versions use it:\n  - vectorStores.s  vector store vs_1 (s)"), "\(text)")
        let markdown = PlanMarkdown.render(plan, servers: [])
        #expect(markdown.contains("\n- `vectorStores.s` vector store vs\\_1 (s)\n"), "\(markdown)")
        #expect(
            try PlanJSON.value(plan, servers: [], endangered: [], requests: nil)["freed"]
                == [["address": "vectorStores.s", "object": "vector store vs_1 (s)"]])
    }

    @Test("A map that is added is shown by what is in it, unless it is short enough for its line")
    func addedMap() {
        let tool: Value = [
            "function": ["description": .string(String(repeating: "long ", count: 20)), "http": ["url": "http://a"]]
        ]
        let text = Self.text(FieldChange("tools.stock", new: tool))
        #expect(text.contains("tools.stock.function.http: {\"url\":\"http://a\"}"), "\(text)")
        #expect(text.contains("tools.stock.function.description: long long"), "\(text)")
        #expect(Self.text(FieldChange("tags", new: ["team": "a"])) == "      tags: {\"team\":\"a\"}")
    }

    @Test("A text that changes only its normalisation says so, since both look the same")
    func normalisation() {
        let text = Self.text(FieldChange("tags.a", old: "caf\u{E9}", new: "cafe\u{301}"))
        #expect(text.hasSuffix("  (only the Unicode normalisation differs)"), "\(text)")
        let long = String(repeating: "long ", count: 30)
        let lines = Self.text(FieldChange("text", old: .string("\u{E9}" + long), new: .string("e\u{301}" + long)))
        #expect(lines.contains("text:   (only the Unicode normalisation differs)"), "\(lines)")
        #expect(lines.unicodeScalars.count { $0 == "\n" } == 2, "\(lines)")
    }

    @Test("What a server has in a tag makes nothing on a terminal, also in a long text and a name")
    func control() {
        let old = "\u{1B}[2K\u{1B}[1A\u{9B}31m\u{202E}\rx"
        let long = String(repeating: "long ", count: 60)
        for field in [
            FieldChange("tags.a\u{7}", old: .string(old), new: "b"),
            FieldChange("tags.a", old: .string(old + long + "\n\u{1B}]0;t\u{7}"), new: "b"),
            FieldChange("tags.a", note: old), FieldChange("tags.a", old: ["k": .string(old)], new: ["k": "b"]),
        ] {
            let text = Self.text(field)
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isControl($0) }, "\(text)")
            #expect(text.contains(#"\u{1B}[2K\u{1B}[1A"#) || text.contains(#"\u001b[2K"#), "\(text)")
        }
        let change = Change(Address("experiments", "e"), .forget, label: "experiment 1 (\(old))", note: old)
        let plan = PlanText(colors: false).render(Plan(stack: StackName("s"), changes: [change]), servers: [])
        #expect(plan.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isControl($0) }, "\(plan.debugDescription)")
    }

    @Test("The head says where each server is, from where that is known, and as whom it is asked")
    func head() {
        var server = ConnectedServer(
            name: "MLflow", version: "3.17.2", url: "http://mlflow.test", origin: "the spec", user: "alice (the spec)")
        server.workspace = "blue"
        let plan = Plan(stack: StackName("s"), changes: [])
        let text = PlanText(colors: false).render(plan, servers: [server])
        #expect(text.contains("MLflow 3.17.2  http://mlflow.test (the spec), as alice (the spec), workspace blue"))
        let markdown = PlanMarkdown.render(plan, servers: [server])
        #expect(markdown.contains("at `http://mlflow.test` (the spec) as alice (the spec), workspace blue."))
    }

    @Test("The cases that a plan endangers are named with what they cost; of those whose results stand that is said")
    func endangered() {
        let change = Change(Address("agents", "a"), .update, fields: [FieldChange("model", old: "m", new: "n")])
        let plan = Plan(stack: StackName("s"), changes: [change])
        let cases = (1...7).map { EndangeredSuite.Case(name: "case-\($0)", tokens: $0 == 1 ? 820 : nil) }
        let suites = [
            EndangeredSuite(name: "golden", cases: 7, tokens: 5230, endangered: cases),
            EndangeredSuite(name: "smoke", cases: 1, standing: 1),
        ]
        let text = PlanText(colors: false).render(plan, servers: [], endangered: suites)
        #expect(
            text.hasSuffix(
                """
                Endangers the suites golden (7 cases, about 5230 tokens by its last run), smoke (1 case, not run again: \
                results stand).
                  golden: case-1 (820 tokens), case-2, case-3, case-4, case-5, and 2 more
                """), "\(text)")
        let markdown = PlanMarkdown.render(plan, servers: [], endangered: suites)
        #expect(markdown.contains("\n- `golden`: case-1 (820 tokens), case-2, "), "\(markdown)")
    }

    @Test("A replacement that is built beside the old one has a sign of its own")
    func newFirst() {
        var change = Change(Address("vectorStores", "a"), .replace)
        let plan = { PlanText(colors: false).render(Plan(stack: StackName("s"), changes: [$0]), servers: []) }
        #expect(plan(change).contains("  -/+ vectorStores.a"))
        change.isNewFirst = true
        #expect(plan(change).contains("  +/- vectorStores.a"))
    }

    @Test("A long list is shown line by line, whole")
    func list() {
        let names = (1...30).map { Value.string("ticket_number_\($0)") }
        let text = Self.text(
            FieldChange("tools.desk", old: ["allow": .array(names)], new: ["allow": .array(names.dropLast())]))
        #expect(text.contains("- ") && text.contains("ticket_number_30"))
        #expect(!text.contains("→"))
    }
}
