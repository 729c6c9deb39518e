import Engine
import Language
import Testing

@Suite("FieldChange")
struct FieldChangeTests {
    /// One field, before and after, and what a plan says.
    struct Case: Sendable, CustomTestStringConvertible {
        var why: String
        var last: Value?
        var live: Value?
        var desired: Value?
        var cause: FieldChange.Cause?
        var isChanged = true

        var testDescription: String { why }
    }

    private static let cases = [
        Case(why: "The same is no change", last: "x", live: "x", desired: "x", isChanged: false),
        Case(why: "The author wrote something else", last: "x", live: "x", desired: "y", cause: .spec),
        Case(why: "Somebody changed the live object", last: "x", live: "y", desired: "x", cause: .drift),
        Case(why: "Both changed it", last: "x", live: "y", desired: "z", cause: .both),
        Case(why: "Somebody removed it", last: "x", live: nil, desired: "x", cause: .drift),
        Case(why: "The author added it", last: nil, live: nil, desired: "x", cause: .spec),
        Case(why: "The author names what the server had chosen", last: nil, live: "y", desired: "x", cause: .spec),
        Case(why: "The author removed what was applied", last: "x", live: "x", desired: nil, cause: .spec),
        Case(why: "The author removed what somebody changed", last: "x", live: "y", desired: nil, cause: .both),
        Case(why: "It is gone on both sides", last: "x", live: nil, desired: nil, isChanged: false),
        Case(why: "What we never applied is not ours to remove", last: nil, live: "x", desired: nil, isChanged: false),
        Case(why: "Both became the same", last: "x", live: "y", desired: "y", isChanged: false),
    ]

    @Test("Three ways to compare", arguments: cases)
    func threeWay(_ each: Case) {
        let last: AppliedFields = ["other": "o"].merging(each.last.map { ["f": $0] } ?? [:]) { $1 }
        let changes = FieldChange.between(
            live: each.live.map { ["f": $0] } ?? [:], desired: each.desired.map { ["f": $0] } ?? [:], since: last
        ).map { $0.attributed(since: last) }
        #expect(changes.isEmpty != each.isChanged)
        for change in changes {
            #expect(change.old == each.live && change.new == each.desired)
            #expect(change.cause == each.cause)
        }
    }

    @Test("Nothing is known of the cause without a record")
    func unknownCause() {
        #expect(FieldChange("f", old: "x", new: "y").attributed(since: [:]).cause == nil)
    }

    @Test("Changes come sorted by path")
    func sorted() {
        let changes = FieldChange.between(live: [:], desired: ["b": 1, "a": 1, "c": 1], since: [:])
        #expect(changes.map(\.path) == ["a", "b", "c"])
    }
}
