import Engine
import Fakes
import Foundation
import Language
import Testing

/// Applies what was generated: afterwards there is nothing to change, and after a destroy nothing is left.
///
/// `DROVER_GENERATED_SPECS` says how many (20), `DROVER_SEED` from which seed; a spec that fails is made as small as it can
/// be and still fails.
@Suite("Generated specs")
struct GeneratedSpecTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["DROVER_GENERATED_SPECS"].flatMap(Int.init) ?? 20
    private static let seed = environment["DROVER_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)

    @Test(
        "After any apply, and after a change of it, there is nothing to change",
        arguments: [FakeStackVersion.llamaStack0224, .llamaStack035, .ogx150])
    func nothingToChange(version: FakeStackVersion) async throws {
        var specs = GeneratedSpecs(seed: Self.seed, for: version)
        var before = specs.next()
        for number in 1...Self.count {
            let spec = specs.next()
            if let failure = await failure(of: before, then: spec, on: version) {
                let small = await shrunk(before, spec, failing: failure.sort, on: version)
                let now = await self.failure(of: small.0, then: small.1, on: version) ?? failure
                Issue.record(
                    """
                    Seed \(Self.seed), \(version), spec \(number): \(now)
                    first:
                    \(Value.object(small.0).prettyJSON)
                    then:
                    \(Value.object(small.1).prettyJSON)
                    """)
                return
            }
            before = spec
        }
    }

    /// What is wrong, and of which sort it is: a smaller spec has to fail for the same reason.
    private struct Failure: CustomStringConvertible {
        let sort: String
        let description: String

        init(_ description: String, sort: String? = nil) {
            self.description = description
            self.sort = sort ?? String(description.prefix { $0 != ":" })
        }
    }

    /// What is wrong after one was applied, then the other, then neither.
    private func failure(
        of first: [String: Value], then second: [String: Value], on version: FakeStackVersion
    ) async -> Failure? {
        do {
            let stack = try TestStack(ogx: FakeOGX(version))
            for (path, text) in GeneratedSpecs.files { try stack.write(path, text) }
            let before = Self.held(stack)
            for (name, spec) in [("first", first), ("second", second)] {
                let yaml = Value.object(spec).canonicalJSON
                try await stack.apply(json: yaml)
                let plan = try await stack.open(json: yaml).plan()
                if !plan.lines.isEmpty { return Failure("after the \(name) apply: \(plan.lines)") }
            }
            let left = try await left(by: second, in: stack)
            let isAllGone = Self.held(stack) == before || Self.retains(first) || Self.retains(second)
            if let left { return Failure(left) }
            return isAllGone ? nil : Failure("destroy leaves: \(Self.held(stack).subtracting(before).sorted())")
        } catch let error as Diagnostics where error.all.allSatisfy({ $0.code == "not-offered" }) {
            return nil  // Not every server can run everything that a spec can say, and this says so.
        } catch let error as Diagnostics {
            return Failure("\(error)", sort: error.all.map(\.code.name).joined(separator: " "))
        } catch {
            return Failure("\(error)")
        }
    }

    private func left(by spec: [String: Value], in stack: TestStack) async throws -> String? {
        let (workflow, folder) = try stack.declare(TestStack.yaml(Value.object(spec).canonicalJSON))
        let gone = workflow.withoutDeclarations
        let permissions = Permissions(allowEmpty: true)
        let applied = try await stack.open(gone, folder, Scissors(.never)).apply(permissions)
        if !applied.failures.isEmpty { return "destroy: \(applied.failures)" }
        let again = try await stack.open(gone, folder, Scissors(.never)).plan(permissions)
        return again.lines.isEmpty ? nil : "after the destroy: \(again.lines)"
    }

    /// The ids of what Llama Stack holds.
    private static func held(_ stack: TestStack) -> Set<String> {
        let (ogx, registered) = (stack.ogx, stack.ogx.models + stack.ogx.shields + stack.ogx.toolGroups)
        return Set((registered + ogx.agents).map(\.id) + ogx.stores.map(\.id) + ogx.files.map(\.id))
    }

    /// Whether something on Llama Stack is to stay.
    private static func retains(_ spec: [String: Value]) -> Bool {
        ["models", "shields", "vectorStores", "tools"].contains { section in
            (spec[section]?.object ?? [:]).values.contains { $0["onDelete"] == "retain" }
        }
    }

    /// The smallest pair found that still fails: whole things are left out, then fields.
    private func shrunk(
        _ first: [String: Value], _ second: [String: Value], failing sort: String, on version: FakeStackVersion
    ) async -> ([String: Value], [String: Value]) {
        var (first, second) = (first, second)
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for smaller in Self.smaller(first) where Self.isValid(smaller) {
                guard await failure(of: smaller, then: second, on: version)?.sort == sort else { continue }
                (first, isSmaller) = (smaller, true)
                break
            }
            for smaller in Self.smaller(second) where Self.isValid(smaller) {
                guard await failure(of: first, then: smaller, on: version)?.sort == sort else { continue }
                (second, isSmaller) = (smaller, true)
                break
            }
        }
        return (first, second)
    }

    /// Whether it is a spec: without a field that has to be there it is not, and fails for another reason.
    private static func isValid(_ spec: [String: Value]) -> Bool {
        (try? TestStack().declare(TestStack.yaml(Value.object(spec).canonicalJSON))) != nil
    }

    private static func smaller(_ spec: [String: Value]) -> [[String: Value]] {
        var all: [[String: Value]] = spec.keys.sorted().map { section in spec.filter { $0.key != section } }
        for (section, things) in spec.sorted(by: { $0.key < $1.key }) {
            for (name, thing) in (things.object ?? [:]).sorted(by: { $0.key < $1.key }) {
                var fewer = spec
                fewer[section] = .object((things.object ?? [:]).filter { $0.key != name })
                all.append(fewer)
                for field in (thing.object ?? [:]).keys.sorted() {
                    var less = things.object ?? [:]
                    less[name] = .object((thing.object ?? [:]).filter { $0.key != field })
                    fewer[section] = .object(less)
                    all.append(fewer)
                }
            }
        }
        return all
    }
}

extension TestStack {
    /// A spec whose sections are JSON.
    fileprivate func open(json: String) async throws -> TestRun {
        try await open(Self.yaml(json))
    }

    fileprivate func apply(json: String) async throws {
        try await apply(Self.yaml(json), Permissions(allowEmpty: true))
    }

    /// The sections in block style, each in the flow style that JSON is.
    fileprivate static func yaml(_ json: String) throws -> String {
        let sections = try Value(json: json.utf8).object ?? [:]
        return sections.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.canonicalJSON)\n" }.joined()
    }
}
