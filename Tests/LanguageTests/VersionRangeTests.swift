import Language
import Testing

@Suite("VersionRange")
struct VersionRangeTests {
    @Test(
        "A version is in a range when every comparator holds, each for as many parts as it has",
        arguments: [
            (">= 0.2", "0.2.0", true), (">= 0.2", "0.1.9", false), (">=0.2", "1.0.0", true),
            (">= 0.10", "0.9.0", false),
            ("> 0.2", "0.2.9", false), ("> 0.2.1", "0.2.2", true), ("<= 0.2", "0.2.9", true), ("< 0.2", "0.2.0", false),
            ("< 1", "0.99.0", true), ("= 0.2", "0.2.7", true), ("= 0.2.1", "0.2.7", false), ("~ 0.2.3", "0.2.9", true),
            ("~ 0.2.3", "0.2.2", false), ("~ 0.2.3", "0.3.0", false), ("~ 0.2", "0.2.1", true), ("~ 1", "1.7.0", true),
            ("~ 1", "2.0.0", false), (">= 0.2, < 0.4", "0.3.5", true), (">= 0.2,<0.4", "0.4.0", false),
            (">= 0.2", "0.2.0-dev", true), (" >=  0.2 ", "0.2", true),
        ])
    func contained(range: String, version: String, isIn: Bool) throws {
        #expect(try #require(VersionRange(range)).contains(version) == isIn, "\(range) \(version)")
        #expect(try Regex(VersionRange.pattern).wholeMatch(in: range) != nil, "The schema refuses \(range).")
    }

    @Test(
        "What is no range is none, for schemas too",
        arguments: [
            "", "0.2", "=> 0.2", "==0.2", ">= ", ">= 0.2,", ">= 0.2 < 0.4", ">= 0.2.3.4", ">= v0.2", "^0.2", ">= 0..2",
        ])
    func malformed(text: String) throws {
        #expect(VersionRange(text) == nil)
        #expect(try Regex(VersionRange.pattern).wholeMatch(in: text) == nil)
    }
}
