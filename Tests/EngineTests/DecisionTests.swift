import Engine
import Language
import Testing

@Suite("Decision")
struct DecisionTests {
    /// A live box (or none), a wanted one, and what is decided.
    struct Case: Sendable, CustomTestStringConvertible {
        var why: String
        var live: Box?
        var ownership = Ownership.ours
        var label: String? = "x"
        var size: Int?
        var inside: [Int] = []
        var unknown: Set<String> = []
        var last: AppliedFields = [:]
        var protect = false
        var permissions = Permissions()
        /// `update: label`, or the code of the diagnostic and its exit code.
        var expected: String

        var testDescription: String { why }
    }

    private static let box = Box(id: 1, name: "a", label: "x", size: 3)

    private static let cases = [
        Case(why: "What is not there is created", expected: "create: label name"),
        Case(why: "What is the same is kept", live: box, expected: "keep"),
        Case(why: "A field that differs is updated", live: box, label: "y", expected: "update: label"),
        Case(why: "A field that the author never wrote is left alone", live: box, label: nil, expected: "keep"),
        Case(
            why: "A field that the author took out is removed", live: box, label: nil, last: ["label": "x"],
            expected: "update: label"),
        Case(why: "A field that cannot change replaces the object", live: box, size: 4, expected: "replace: size"),
        Case(
            why: "A protected object is not replaced", live: box, size: 4, protect: true,
            expected: "protected protected"),
        Case(why: "A protected object is updated", live: box, label: "y", protect: true, expected: "update: label"),
        Case(
            why: "An unmarked object is not touched", live: box, ownership: .unmarked, expected: "not-ours conflict"),
        Case(
            why: "An unmarked object is adopted when that is allowed", live: box, ownership: .unmarked, label: "y",
            permissions: Permissions(adopt: true), expected: "adopt: label"),
        Case(
            why: "An unmarked object is adopted as it is", live: box, ownership: .unmarked,
            permissions: Permissions(adopt: true), expected: "adopt"),
        Case(
            why: "Another stack's object is not touched, adopting or not", live: box, ownership: .other(stack: "z"),
            permissions: Permissions(adopt: true), expected: "other-owner conflict"),
        Case(
            why: "Another stack's object is taken over when that is allowed", live: box, ownership: .other(stack: "z"),
            permissions: Permissions(takeOver: true), expected: "adopt"),
        Case(
            why: "Taking over does not adopt what has no mark", live: box, ownership: .unmarked,
            permissions: Permissions(takeOver: true), expected: "not-ours conflict"),
        Case(
            why: "A field that is not known yet is a change", live: box, inside: [0], unknown: ["inside"],
            expected: "update: inside?"),
        Case(
            why: "A field that is not known yet is shown so when it is created", inside: [0], unknown: ["inside"],
            expected: "create: inside? label name"),
    ]

    @Test("Every action, for its reason", arguments: cases)
    func decide(_ each: Case) throws {
        let address = Address("boxes", "a")
        let desired = BoxResource.Desired(name: "a", label: each.label, size: each.size, inside: each.inside)
        let found = each.live.map { Discovered(address, each.ownership, $0, label: "box 1") }
        let decided: String
        do {
            let decision = try BoxResource(shelf: Shelf()).decide(
                Wanted(desired, unknown: each.unknown), found, since: each.last, at: address,
                common: Common(protect: each.protect), permissions: each.permissions)
            let fields = decision.fields.map { $0.path + ($0.isKnownAfterApply && $0.new == nil ? "?" : "") }
            decided = ([decision.action.rawValue + (fields.isEmpty ? "" : ":")] + fields).joined(separator: " ")
        } catch {
            decided = "\(error.code.name) \(error.cause)"
            #expect(error.address == "boxes.a")
        }
        #expect(decided == each.expected)
    }
}
