import Language
import Testing

@Suite("Suggestion")
struct SuggestionTests {
    @Test(
        "The nearest name is proposed, and none that is far",
        arguments: [
            ("instrctions", "instructions"), ("INSTRUCTIONS", "instructions"), ("tolos", "tools"), ("modle", "model"),
            ("x", nil), ("description", nil), ("", nil), ("tool", "tools"), ("instructionss", "instructions"),
            ("mod", nil),
            ("odel", "model"),
        ] as [(String, String?)])
    func nearest(_ name: String, _ expected: String?) {
        #expect(Suggestion.nearest(to: name, among: ["instructions", "model", "tools", "maxSteps"]) == expected)
    }

    @Test("The first of equals wins, a nearer one beats it")
    func order() {
        #expect(Suggestion.nearest(to: "abcd", among: ["abce", "abcf"]) == "abce")
        #expect(Suggestion.nearest(to: "abcdef", among: ["abcdxy", "abcdex"]) == "abcdex")
        #expect(Suggestion.nearest(to: String(repeating: "a", count: 101), among: ["a"]) == nil)
    }
}
