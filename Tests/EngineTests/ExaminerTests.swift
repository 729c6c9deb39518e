import Engine
import Language
import Testing

@Suite("Examiner")
struct ExaminerTests {
    private let shop = Shop()

    private func look(_ boxes: String) async throws -> [String] {
        let workflow = try #require(Shop.declare(boxes).0)
        let findings = try await Examiner(
            workflow, drivers: [ResourceDriver(BoxResource(shelf: shop.shelf))], record: Record()
        ).examine()
        return findings.map { "\($0.address.name) \(Self.word($0.status))" }
    }

    private static func word(_ status: Finding.Status) -> String {
        switch status {
        case .met(let seen): "met\(seen)"
        case .limited: "limited"
        case .unmet(let problem): "unmet \(problem.code.name)"
        case .unknown(let problem): "unknown \(problem.code.name)"
        case .skipped(let cause): "skipped because of \(cause.name)"
        }
    }

    @Test("It goes on after what is wrong, and skips only what builds on that")
    func goesOn() async throws {
        let boxes = """
            boxes:
              a: {label: forbidden}
              b: {inside: [a]}
              c: {inside: [b]}
              d: {}
            """
        #expect(
            try await look(boxes) == [
                "a unmet bad", "a unmet bad", "b skipped because of a", "c skipped because of a", "d met",
            ])
        #expect(shop.shelf.calls == [], "Nothing is changed.")
    }

    @Test("What belongs to another stack is a finding")
    func foreign() async throws {
        shop.shelf.put("a", stack: "elsewhere")
        let found = try await look("boxes: {a: {}}")
        #expect(found.count == 1 && found[0].hasPrefix("a unmet"))
    }

    @Test("What was tried beside counts more than that nothing spoke against a thing")
    func merging() {
        let (a, b) = (Address("boxes", "a"), Address("boxes", "b"))
        let problem = Diagnostic("bad", "Bad", detail: "Bad.", cause: .lacking)
        let merged = Finding.merge(
            [Finding(a, .met("")), Finding(b, .unmet(problem))],
            [Finding(a, .unmet(problem)), Finding(b, .met("fine"))])
        #expect(merged.map { "\($0.address.name) \(Self.word($0.status))" } == ["a unmet bad", "b unmet bad"])
    }

    @Test("Many findings are merged in the order of the first, in one pass", .timeLimit(.minutes(1)))
    func mergingMany() {
        let addresses = (0..<50_000).map { Address("boxes", "\($0)") }
        let merged = Finding.merge(
            addresses.map { Finding($0, .met("")) },
            addresses.reversed().flatMap { [Finding($0, .met("one")), Finding($0, .met("two"))] })
        #expect(merged.map(\.address) == addresses.flatMap { [$0, $0] })
        #expect(merged.prefix(2).map { Self.word($0.status) } == ["metone", "mettwo"])
    }
}
