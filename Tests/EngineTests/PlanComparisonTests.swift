import Engine
import Language
import Testing

/// What may differ of a plan that was agreed to when the lock is had at last.
@Suite("A plan that is made again")
struct PlanComparisonTests {
    private static let spec = "boxes: {a: {label: x}, b: {label: x}}"

    private func compare(_ shown: Plan, _ now: Plan, _ terms: PlanComparison.Terms, record: String = "1") -> [String] {
        PlanComparison(shown, record: "1", with: now, record: record).differences(terms).map {
            "\($0.code.name) \($0.address ?? "")"
        }
    }

    @Test("The same plan is carried out, also when somebody applied something else meanwhile")
    func same() async throws {
        let shop = Shop()
        let plan = try await shop.plan(Self.spec)
        #expect(compare(plan, plan, .noMore, record: "2") == [])
        #expect(compare(plan, plan, .exact) == [])
        #expect(compare(plan, plan, .exact, record: "2") == ["record-moved "])
    }

    @Test("What others did meanwhile is not done again, and the rest is; a saved plan is all or nothing")
    func less() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {a: {label: old}, gone: {}}")
        let shown = try await shop.plan(Self.spec)
        #expect(shown.lines == ["update a: label", "create b: label, name", "delete gone"])
        try await shop.apply("boxes: {a: {label: x}, gone: {}}")
        let now = try await shop.plan(Self.spec)
        #expect(now.lines == ["create b: label, name", "delete gone"])
        #expect(compare(shown, now, .noMore) == [])
        #expect(compare(shown, now, .exact) == ["object-moved boxes.a"])
        try await shop.apply(Self.spec)
        let done = try await shop.plan(Self.spec)
        #expect(done.isEmpty && compare(shown, done, .noMore) == [])
        #expect(compare(shown, done, .exact).count == 3)
    }

    @Test("What was not shown is not done, whichever way it differs")
    func more() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {a: {label: old}, gone: {}}")
        let shown = try await shop.plan(Self.spec)
        // Another value than the shown one would be lost.
        let box = try #require(shop.shelf.boxes.first { $0.name == "a" })
        shop.shelf.change(box.id) { $0.label = "by hand" }
        #expect(compare(shown, try await shop.plan(Self.spec), .noMore) == ["stale-plan boxes.a"])
        shop.shelf.change(box.id) { $0.label = "old" }
        #expect(compare(shown, try await shop.plan(Self.spec), .noMore) == [])
        // What is deleted is what was seen.
        let gone = try #require(shop.shelf.boxes.first { $0.name == "gone" })
        shop.shelf.change(gone.id) { $0.label = "in use again" }
        #expect(compare(shown, try await shop.plan(Self.spec), .noMore) == ["object-moved boxes.gone"])
        shop.shelf.change(gone.id) { $0.label = nil }
        // Another object, an action that was not planned, and an address that was not in it.
        try await shop.apply("boxes: {a: {label: old}, b: {label: other}, c: {}, gone: {}}")
        let now = compare(shown, try await shop.plan(Self.spec), .noMore)
        #expect(now == ["object-moved boxes.b", "stale-plan boxes.c"])
    }

    @Test("What is done already is told as that, where the plan is to be kept to exactly")
    func doneAlready() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {a: {label: x}}")
        let shown = try await shop.plan("boxes: {a: {label: y}}")
        try await shop.apply("boxes: {a: {label: y}}")
        let now = try await shop.plan("boxes: {a: {label: y}}")
        let told = PlanComparison(shown, record: "1", with: now, record: "1").differences(.exact)
        #expect(told.count == 1 && told.first?.cause == .conflict)
        let detail = told.first?.detail ?? ""
        #expect(detail.contains("nothing is to be done any more: it is as the plan makes it"), "\(detail)")
    }

    @Test("What was known only after apply may have become known")
    func known() async throws {
        let shop = Shop()
        let spec = "boxes: {small: {}, large: {inside: [small]}}"
        let shown = try await shop.plan(spec)
        try await shop.apply("boxes: {small: {}}")
        #expect(compare(shown, try await shop.plan(spec), .noMore) == [])
    }

    @Test("What a promotion would free beside what was shown is not taken along")
    func freed() async throws {
        let shop = Shop()
        try await shop.apply(Self.spec)
        var (shown, now) = (try await shop.plan(Self.spec), try await shop.plan(Self.spec))
        now.freed = [Freed(address: Address("boxes", "a"), object: "box 7")]
        #expect(compare(shown, now, .noMore) == ["stale-plan boxes.a"])
        #expect(compare(shown, now, .exact) == ["stale-plan boxes.a"])
        shown.freed = now.freed
        #expect(compare(shown, now, .noMore) == [] && compare(shown, now, .exact) == [])
        now.freed = []
        #expect(compare(shown, now, .noMore) == [])
        #expect(compare(shown, now, .exact) == ["stale-plan boxes.a"])
    }

    @Test("Of what is left after a promotion only what was shown goes")
    func left() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {a: {}, gone: {}, left: {}}")
        var shown = try await shop.plan("boxes: {a: {}}")
        let rest = shown
        let label = try #require(rest.changes.first { $0.address.name == "gone" }?.label)
        shown.freed = [Freed(address: Address("boxes", "gone"), object: label)]
        shown.changes = []
        #expect(rest.removing(onlyWhatGoesIn: shown)?.lines == ["delete gone"])
        #expect(try await shop.plan("boxes: {a: {label: x}}").removing(onlyWhatGoesIn: shown) == nil)
    }

    @Test("What waits for a check that failed goes on waiting, and what it would free stays")
    func leftBesideWaiting() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {a: {}, gone: {}}")
        var rest = try await shop.plan("boxes: {a: {}}")
        var shown = rest
        let label = try #require(rest.changes.first { $0.address.name == "gone" }?.label)
        shown.freed = [Freed(address: Address("boxes", "gone"), object: label)]
        let (waiting, check) = (Address("boxes", "later"), Address("checks", "c"))
        rest.changes.insert(Change(check, .check), at: 0)
        rest.changes.insert(Change(waiting, .promote), at: 1)
        rest.freed = [Freed(address: Address("boxes", "older"), object: "box 7")]
        #expect(rest.removing(onlyWhatGoesIn: shown) == nil)
        let narrowed = rest.removing(onlyWhatGoesIn: shown, waiting: [waiting, check])
        #expect(narrowed?.lines == ["delete gone"] && narrowed?.freed == [])
    }

    @Test("So does what an update lets go of, where it does nothing else")
    func lettingGo() {
        let address = Address("boxes", "a")
        var update = Change(address, .update, fields: [FieldChange("former")])
        update.lettingGo = ["lid 1", "lid 2"]
        let rest = Plan(stack: StackName("shop"), changes: [update])
        var shown = Plan(stack: StackName("shop"), changes: [])
        shown.freed = [Freed(address: address, object: "lid 1")]
        #expect(rest.removing(onlyWhatGoesIn: shown) == nil)
        shown.freed.append(Freed(address: address, object: "lid 2"))
        #expect(rest.removing(onlyWhatGoesIn: shown)?.lines == ["update a: former"])
        update.lettingGo = []
        let more = Plan(stack: StackName("shop"), changes: [update])
        #expect(more.removing(onlyWhatGoesIn: shown) == nil)
    }

    @Test("A message says how to go on")
    func fixes() async throws {
        let shop = Shop()
        let (shown, now) = (try await shop.plan("boxes: {}"), try await shop.plan("boxes: {a: {}}"))
        let comparison = PlanComparison(shown, record: "", with: now, record: "")
        #expect(comparison.differences(.noMore).first?.fix == "Run the command again, and read the new plan.")
        #expect(comparison.differences(.exact).first?.fix == "Plan again, and have that plan reviewed.")
        #expect(comparison.differences(.noMore).allSatisfy { $0.cause == .conflict })
    }
}

@Suite("Drift that is accepted")
struct OpenDriftTests {
    @Test("A field that left the spec and that others changed stays as it is; what the spec says does not")
    func open() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {a: {label: x}, b: {label: x}, c: {label: x}}")
        let spec = "boxes: {a: {}, b: {label: x}, c: {}}"
        for box in shop.shelf.boxes where box.name != "c" { shop.shelf.change(box.id) { $0.label = "theirs" } }
        let drift = try await shop.plan(spec).drift
        #expect(drift.lines == ["update a: label", "update b: label"])
        let record = await shop.record.load()
        let open = drift.openDrift(in: record)
        #expect(open.keys.map(\.name) == ["a"] && open.values.first?.map(\.path) == ["label"])
        #expect(drift.without(open).lines == ["update b: label"])
        try await shop.record.save(record.forgetting(open).entries)
        let plan = try await shop.plan(spec)
        // That of `c` was not changed by others, so that the spec takes it out.
        #expect(plan.lines == ["update b: label", "update c: label"] && plan.drift.lines == ["update b: label"])
    }
}
