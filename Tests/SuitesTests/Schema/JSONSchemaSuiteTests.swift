import Foundation
import Language
import Testing

@testable import Suites

/// The mandatory tests of the dialect 2020-12 of JSON-Schema-Test-Suite (commit 44401e0c, MIT licence beside them), without
/// those of remote schemas and of vocabularies, which drover refuses.
@Suite("JSON schemas")
struct JSONSchemaSuiteTests {
    /// Groups that drover refuses beside those with `$dynamicRef`: their references are to be joined with the `$id` of a
    /// schema around them, lead to schemas elsewhere, or are those of the dialect itself.
    private static let refused: Set<String> = [
        "anchor: Location-independent identifier with base URI change in subschema",
        "dynamicRef: strict-tree schema, guards against misspelled properties",
        "dynamicRef: tests for implementation dynamic anchor and reference link",
        "dynamicRef: $ref and $dynamicAnchor are independent of order - $defs first",
        "dynamicRef: $ref and $dynamicAnchor are independent of order - $ref first",
        "dynamicRef: $ref to $dynamicRef finds detached $dynamicAnchor",
        "ref: remote ref, containing refs itself",
        "ref: $id must be resolved against nearest parent, not just immediate parent",
        "ref: order of evaluation: $id and $ref on nested schema",
        "ref: ref with absolute-path-reference",
    ]

    private func files() throws -> [String: Value] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let file = tests.appending(path: "../../Fixtures/JSONSchema/2020-12.json").standardizedFileURL
        return try #require(try Value(json: Data(contentsOf: file)).object)
    }

    @Test("The official tests are passed, save those that are refused")
    func official() throws {
        var wrong: [String] = []
        var refused: Set<String> = []
        var count = 0
        for (file, groups) in try files().sorted(by: { $0.key < $1.key }) {
            for group in groups.array ?? [] {
                let name = "\(file): \(group["description"]?.string ?? "")"
                var problems = Problems()
                let read = Reading<JSONSchema>.jsonSchema.read(
                    Node(group["schema"] ?? .null, at: place(1)), reporting: &problems)
                guard let schema = read else {
                    let isDynamic = problems.diagnostics.contains { $0.detail.contains("$dynamicRef") }
                    if !isDynamic { refused.insert(name) }
                    continue
                }
                for test in group["tests"]?.array ?? [] {
                    count += 1
                    let wanted = test["valid"] == .bool(true)
                    let found: String
                    do throws(Unobservable) {
                        let all = try schema.problems(in: test["data"] ?? .null)
                        guard all.isEmpty != wanted else { continue }
                        found = all.joined(separator: " ")
                    } catch {
                        found = error.reason
                    }
                    wrong.append("\(name): \(test["description"]?.string ?? ""), valid: \(wanted). \(found)")
                }
            }
        }
        #expect(wrong == [])
        #expect(refused == Self.refused)
        #expect(count > 1_000)
    }
}
