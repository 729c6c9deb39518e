import Language
import Testing

@testable import Suites

@Suite("JSONPath")
struct JSONPathTests {
    static let store: Value = [
        "a": ["b": [["c d": ["x", "y"]], 7], "é": true], "n": .null, "it's": 1, "b": "top",
    ]

    @Test(
        "A path finds its values in document order",
        arguments: [
            ("$", [store]),
            ("$.a.b[0]['c d'][*]", ["x", "y"]),
            ("$.a.b[0][\"c d\"][-1]", ["y"]),
            ("$.a.b[1]", [7]),
            ("$.a.b[2]", []),
            ("$.a.b[-3]", []),
            ("$.a.é", [true]),
            ("$.n", [.null]),
            ("$['it\\'s']", [1]),
            ("$.b.c", []),
            ("$.a.b.*", [["c d": ["x", "y"]], 7]),
            ("$..b", ["top", [["c d": ["x", "y"]], 7]]),
            ("$..[1]", [7, "y"]),
        ] as [(String, [Value])])
    func values(path: String, expected: [Value]) throws {
        #expect(try JSONPath(path).values(in: Self.store) == expected)
    }

    @Test("A key is found only as it is spelled")
    func exact() throws {
        let value: Value = ["caf\u{E9}": 1]
        #expect(try JSONPath("$.caf\u{E9}").values(in: value) == [1])
        #expect(try JSONPath("$.cafe\u{301}").values(in: value) == [])
    }

    @Test(
        "A malformed path says where",
        arguments: [
            ("a.b", "A path begins with `$` at character 1, `a`."),
            ("", "A path begins with `$` at the end."),
            ("$.", "A name or `*` is expected at the end."),
            ("$a", "`.` or `[` is expected at character 2, `a`."),
            ("$.a[", "A whole number, a quoted key or `*` is expected at the end."),
            ("$.a[x]", "A whole number, a quoted key or `*` is expected at character 5, `x`."),
            ("$.a['b", "The closing `'` is missing at the end."),
            ("$.a[0", "`]` is expected at the end."),
            ("$.a[99999999999999999999]", "A whole number, a quoted key or `*` is expected at character 5, `9`."),
        ])
    func malformed(path: String, reason: String) {
        #expect(throws: MalformedJSONPath(reason: reason)) { try JSONPath(path) }
    }
}
