import Engine
import Language
import Reports
import Testing

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
                      tools.desk.mcp.headers.x-b: 2
                      tools.desk.mcp.url: http://a/mcp → http://b/mcp  (changed outside)
                """)
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
