import Engine
import Kinds
import Language
import Testing

/// `ContractTests` runs the toy kind through plan and apply; here is the rest of what one folder and one line give.
@Suite("A kind that is added with one folder and one line")
struct ToyKindTests {
    private let stack: TestStack

    init() throws {
        stack = try TestStack(kinds: KindCase.kinds())
    }

    private var fields: [Field] {
        Catalog(sections: stack.kinds.sections, settings: []).fields
    }

    @Test("The schema and `explain` know it")
    func language() throws {
        let schema = Schema.document(fields, title: "A spec", identity: "test").canonicalJSON
        #expect(schema.contains("Sticky notes.") && schema.contains("What is written on it."))
        #expect(try Explanation.find("notes.text", in: fields).text.contains("What is written on it."))
    }

    @Test("A workflow and a record with notes need the server that is their home")
    func needs() throws {
        let (workflow, _) = try stack.declare("notes: {it: {text: Hay.}}")
        #expect(stack.kinds.needs(of: workflow) == Needs(mlflow: true))
        #expect(stack.kinds.needs(of: Record(entries: ["notes.it": Record.Entry(fields: [:])])) == Needs(mlflow: true))
        #expect(Kinds.standard.needs(of: workflow) == Needs())
    }

    @Test("The doctor examines and probes it")
    func doctor() async throws {
        let run = try await stack.open("notes: {it: {text: Hay.}}")
        let examined = try await Examiner(run.workflow, drivers: run.drivers, record: Record()).examine()
        let probes = Probes(run.workflow, of: stack.kinds, on: run.servers, tokens: [:], searchPath: "")
        let found = Finding.merge(examined, try await probes.findings())
        guard found.count == 1, case .met(let seen) = found[0].status else {
            Issue.record("\(found)")
            return
        }
        #expect(seen == "says Hay.")
    }

    @Test("Conflicts between notes are told")
    func conflicts() throws {
        let yaml = "notes: {a: {name: same, text: Hay.}, b: {name: same, text: No.}}"
        let (workflow, folder) = try stack.declare(yaml)
        let problems = stack.kinds.conflicts(workflow.declarations, folder)
        #expect(problems.map(\.code) == ["shared-name", "contrary"])
    }
}
