import Engine
import Language
import Synchronization
import Testing

@Suite("Planner and Executor")
struct ApplyTests {
    private let shop = Shop()

    @Test("After an apply the plan is empty, whatever was applied")
    func empty() async throws {
        for spec in [
            "boxes: {a: {label: x, inside: [b]}, b: {size: 3}}", "boxes: {a: {label: y, inside: [b]}, b: {size: 4}}",
            "boxes: {a: {}, c: {}}",
        ] {
            let before = try await shop.plan(spec)
            #expect(!before.isEmpty)
            let applied = try await shop.apply(spec)
            #expect(applied.failures == [])
            let after = try await shop.plan(spec)
            #expect(after.lines == [], "\(spec)")
        }
    }

    @Test("A plan says what will be done, in the order of the spec, deletions last")
    func plan() async throws {
        try await shop.apply("boxes: {old: {}, a: {label: x}, b: {}}")
        let plan = try await shop.plan("boxes: {n: {inside: [a]}, a: {label: y}, b: {}}")
        #expect(plan.lines == ["create n: inside, name", "update a: label", "delete old"])
        #expect(plan.count(.keep) == 1)
    }

    @Test("A plan changes nothing")
    func planChangesNothing() async throws {
        _ = try await shop.plan("boxes: {a: {}}")
        #expect(shop.shelf.calls == [])
        #expect(await shop.record.saves.isEmpty)
    }

    @Test("What a replaced box gives is known after apply, and what needs it follows")
    func knownAfterApply() async throws {
        let spec = "boxes: {a: {inside: [b]}, b: {size: 3}}"
        try await shop.apply(spec)
        let changed = spec.replacing("3", with: "4")
        let plan = try await shop.plan(changed)
        #expect(plan.lines == ["update a: inside", "replace b: size"])
        #expect(plan.changes[0].fields[0].isKnownAfterApply)
        try await shop.apply(changed)
        let boxes = shop.shelf.boxes
        #expect(boxes.count == 2, "what was replaced is gone in the same apply")
        let inner = try #require(boxes.first { $0.name == "b" })
        #expect(inner.size == 4)
        #expect(boxes.first { $0.name == "a" }?.inside == [inner.id])
    }

    @Test("A moved declaration keeps its object and what is known of it")
    func moved() async throws {
        try await shop.apply("boxes: {a: {label: x, size: 3}}")
        let id = try #require(shop.shelf.boxes.first?.id)
        let spec = "boxes: {b: {moved: a, size: 3}}"
        let plan = try await shop.plan(spec)
        #expect(plan.lines == ["update b: address, label, name"])
        try await shop.apply(spec)
        #expect(shop.shelf.boxes.map(\.id) == [id])
        #expect(shop.shelf.boxes.map(\.label) == [nil], "the label that was applied under the old name is removed")
        #expect(shop.shelf.boxes.map(\.address) == [Address("boxes", "b")])
        #expect(await shop.record.record.entries.keys.sorted() == ["boxes.b"])
        let again = try await shop.plan(spec)
        #expect(again.lines == [])
    }

    @Test("Nothing is deleted as long as anything failed; the rest is done")
    func failure() async throws {
        try await shop.apply("boxes: {old: {}, a: {label: x}}")
        shop.shelf.fail("update a")
        let spec = "boxes: {a: {label: y}, b: {inside: [a]}, c: {inside: [b]}, d: {}}"
        let applied = try await shop.apply(spec)
        #expect(!applied.isWhole)
        #expect(applied.failures.map(\.code.name) == ["broken"])
        #expect(applied.failures.map(\.address) == ["boxes.a"])
        #expect(applied.removals.isEmpty)
        #expect(shop.shelf.boxes.map(\.name).sorted() == ["a", "d", "old"])
        shop.shelf.fail()
        try await shop.apply(spec)
        #expect(shop.shelf.boxes.map(\.name).sorted() == ["a", "b", "c", "d"])
    }

    @Test("What an apply removed that could not note it leaves the record with the next one, unless it was adopted")
    func leftBehind() async throws {
        shop.shelf.put("theirs")
        try await shop.apply(
            "boxes: {a: {}, old: {}, theirs: {onDelete: delete}}", Permissions(adopt: true))
        let saves = await shop.record.saves.count
        await shop.record.failSave(saves + 2)
        let cutOff = try await shop.apply("boxes: {a: {}}")
        await shop.record.failSave(0)
        #expect(cutOff.recordFailure != nil)
        #expect(shop.shelf.boxes.map(\.name) == ["a"])
        #expect(await shop.record.record.entries.keys.sorted() == ["boxes.a", "boxes.old", "boxes.theirs"])
        try await shop.apply("boxes: {a: {}}", Selection(targets: [AddressPattern("boxes.a")]))
        #expect(await shop.record.record.entries.count == 3, "A part of the spec says nothing about the rest.")
        try await shop.apply("boxes: {a: {}}")
        #expect(await shop.record.record.entries.keys.sorted() == ["boxes.a", "boxes.theirs"])
    }

    @Test("Several mistakes in one step are all told")
    func severalMistakes() async throws {
        let thrown = await #expect(throws: Diagnostics.self) {
            try await shop.plan("boxes: {a: {label: forbidden}, b: {inside: [a]}, c: {label: forbidden}}")
        }
        let problems = try #require(thrown).all
        #expect(problems.map(\.detail) == ["This is wrong.", "That is wrong.", "This is wrong.", "That is wrong."])
        #expect(problems.map(\.address) == ["boxes.a", "boxes.a", "boxes.c", "boxes.c"])
    }

    @Test("What left the spec is forgotten instead of deleted when it said so")
    func forget() async throws {
        try await shop.apply("boxes: {a: {onDelete: retain}, b: {}}")
        let spec = "boxes: {b: {}}"
        let plan = try await shop.plan(spec)
        #expect(plan.lines == ["forget a"])
        try await shop.apply(spec)
        // They are made at the same time.
        let boxes = shop.shelf.boxes.sorted { $0.name < $1.name }
        #expect(boxes.map(\.name) == ["a", "b"])
        #expect(boxes.map(\.stack) == [nil, "shop"])
        #expect(await shop.record.record.entries.keys.sorted() == ["boxes.b"])
    }

    @Test("A protected object is not deleted, also when only the record says that it is")
    func protect() async throws {
        try await shop.apply("boxes: {a: {protect: true}, b: {}}")
        let thrown = await #expect(throws: Diagnostics.self) { try await shop.plan("boxes: {b: {}}") }
        #expect(thrown?.all.map(\.code.name) == ["protected"])
        #expect(thrown?.all.map(\.cause) == [.protected])
        let free = "boxes: {a: {protect: false}, b: {}}"
        try await shop.apply(free)
        let plan = try await shop.plan(free)
        #expect(plan.lines == [])
    }

    @Test("An executor refuses by itself what a plan should have refused")
    func protectedAgain() async throws {
        try await shop.apply("boxes: {a: {protect: true}, b: {}}")
        let workflow = try #require(Shop.declare("boxes: {b: {}}").0)
        let drivers = [ResourceDriver(BoxResource(shelf: shop.shelf))]
        let executor = Executor(
            workflow, drivers: drivers, survey: try await Survey.take(of: workflow, with: drivers),
            record: await shop.record.load(), store: shop.record, permissions: Permissions(), onEvent: { _ in })
        let applied = try await executor.apply(Plan(stack: workflow.stack, changes: []), parallelism: 1)
        #expect(applied.failures.map(\.code.name) == ["protected"])
        #expect(shop.shelf.boxes.count == 2)
    }

    @Test("A spec that declares nothing deletes nothing by accident")
    func nothingDeclared() async throws {
        try await shop.apply("boxes: {a: {}}")
        let thrown = await #expect(throws: Diagnostics.self) { try await shop.plan("") }
        #expect(thrown?.all.map(\.code.name) == ["nothing-declared"])
        let allowed = try await shop.plan("", Permissions(allowEmpty: true))
        #expect(allowed.lines == ["delete a"])
    }

    @Test("The record knows before an apply what may be there afterwards, and after it what is")
    func record() async throws {
        try await shop.apply("boxes: {a: {label: x}}")
        shop.shelf.fail("update a")
        try await shop.apply("boxes: {a: {label: x, inside: [b]}, b: {}}")
        let saves = await shop.record.saves
        #expect(saves.count == 4)
        #expect(saves[0]["boxes.a"]?.fields == ["name": "a", "label": "x"])
        #expect(saves[2].keys.sorted() == ["boxes.a", "boxes.b"])
        #expect(saves[2]["boxes.a"]?.fields["inside"] == .null, "noted before, as it may be applied from now on")
        #expect(saves[3]["boxes.a"]?.fields["label"] == "x", "what failed keeps what was noted")
    }

    @Test("An apply does not begin when the record cannot be written, and says so when it cannot be at the end")
    func recordFailure() async throws {
        await shop.record.failSave(1)
        await #expect(throws: Diagnostic.self) { try await shop.apply("boxes: {a: {}}") }
        #expect(shop.shelf.calls == [])
        await shop.record.failSave(2)
        _ = try? await shop.apply("boxes: {a: {}}")  // The first save of this shop.
        let other = Shop()
        await other.record.failSave(2)
        let applied = try await other.apply("boxes: {a: {}}")
        #expect(applied.failures.map(\.code.name) == ["full"])
        #expect(applied.failures.first?.detail.contains("applied is applied") == true)
        #expect(other.shelf.boxes.count == 1)
    }

    @Test(
        "What an apply announced and never wrote is left alone where somebody else wrote it, and removed where it was written"
    )
    func announcedOnly() async throws {
        for (written, kept) in [("x", nil), ("theirs", "theirs")] as [(String, String?)] {
            let shop = Shop()
            try await shop.apply("boxes: {a: {}}")
            shop.shelf.fail("update a")
            try await shop.apply("boxes: {a: {label: x}}")
            shop.shelf.fail()
            let id = try #require(shop.shelf.boxes.first).id
            shop.shelf.change(id) { $0.label = written }
            #expect(try await shop.plan("boxes: {a: {}}").lines == (kept == nil ? ["update a: label"] : []))
            try await shop.apply("boxes: {a: {}, b: {inside: [a]}}")
            #expect(shop.shelf.boxes.first { $0.id == id }?.label == kept)
        }
    }

    @Test("An interruption lets what is in flight end, and the next apply finishes")
    func interruption() async throws {
        let spec = "boxes: {a: {}, b: {inside: [a]}, c: {inside: [b]}}"
        let isStopped = Mutex(false)
        let applied = try await shop.apply(spec, mayStart: { isStopped.withLock { !$0 } }) { event in
            if case .started = event { isStopped.withLock { $0 = true } }
        }
        #expect(applied.wasInterrupted)
        #expect(applied.failures == [])
        #expect(shop.shelf.boxes.map(\.name) == ["a"])
        try await shop.apply(spec)
        #expect(shop.shelf.boxes.map(\.name) == ["a", "b", "c"])
    }

    @Test("A cancelled step is an interruption, not a failure")
    func cancellation() async throws {
        shop.shelf.cancel("create a")
        let applied = try await shop.apply("boxes: {a: {}, b: {inside: [a]}}")
        #expect(applied.wasInterrupted)
        #expect(applied.failures == [])
    }

    @Test("What an interrupted replacement left is removed by the next apply")
    func stale() async throws {
        try await shop.apply("boxes: {a: {}}")
        shop.shelf.put("a", stack: "shop", address: Address("boxes", "a"))
        let plan = try await shop.plan("boxes: {a: {}}")
        #expect(plan.lines == ["delete a"])
        try await shop.apply("boxes: {a: {}}")
        #expect(shop.shelf.boxes.map(\.id) == [2])
    }

    @Test(
        "Of several that go at one address each counts, as the plan shows them; what a replacement takes along does not"
    )
    func severalGone() async throws {
        try await shop.apply("boxes: {a: {}, b: {}, c: {size: 1}}")
        for name in ["a", "b"] { shop.shelf.put(name, stack: "shop", address: Address("boxes", name)) }
        let spec = "boxes: {b: {}, c: {size: 2}}"
        let plan = try await shop.plan(spec)
        #expect(plan.count(.delete) == 3, "\(plan.lines)")
        let applied = try await shop.apply(spec)
        #expect(applied.failures == [] && applied.count(.delete) == 3 && applied.count(.replace) == 1)
        #expect(shop.shelf.boxes.count == 2)
    }

    @Test("Of two unmarked objects with the wanted name none is adopted by chance")
    func ambiguous() async throws {
        shop.shelf.put("a")
        shop.shelf.put("a")
        let thrown = await #expect(throws: Diagnostics.self) {
            try await shop.plan("boxes: {a: {}}", Permissions(adopt: true))
        }
        #expect(thrown?.all.map(\.code.name) == ["ambiguous-adoption"])
        #expect(thrown?.all.first?.detail.contains("`box 2` and `box 1`") == true)
    }

    @Test(
        "Where nothing is to be done, several objects with the wanted name are no matter, and what was never applied no drift"
    )
    func ambiguousAndLookedAt() async throws {
        shop.shelf.put("a", label: "x")
        shop.shelf.put("a")
        let looking = Permissions(adopt: true, takeOver: true, looksAtFirst: true)
        let plan = try await shop.plan("boxes: {a: {}}", looking)
        #expect(plan.changes.map(\.action) == [.adopt] && plan.drift.isEmpty)
    }

    @Test("An adopted object is marked first and then made what is wanted")
    func adopt() async throws {
        shop.shelf.put("a", label: "x")
        try await shop.apply("boxes: {a: {label: y}}", Permissions(adopt: true))
        #expect(shop.shelf.calls == ["mark a", "update a"])
        #expect(shop.shelf.boxes.map(\.label) == ["y"])
        let again = try await shop.plan("boxes: {a: {label: y}}")
        #expect(again.lines == [])
    }

    @Test("An open intent makes an update of what would be kept")
    func intent() async throws {
        try await shop.apply("boxes: {a: {}}")
        await shop.record.open(["x": 1], for: Address("boxes", "a"))
        let plan = try await shop.plan("boxes: {a: {}}")
        #expect(plan.lines == ["update a: interrupted"])
    }

    @Test("Events tell the beginning and the end of everything that is done, and what was skipped")
    func events() async throws {
        shop.shelf.fail("create a")
        let seen = Mutex([String]())
        let onEvent = { @Sendable (event: Event) in
            let line =
                switch event {
                case .started(let address, let action): "started \(address.name) \(action)"
                case .progress(let address, let advance): "progress \(address.name) \(advance.spelled)"
                case .warned(let address, let warning): "warned \(address.name) \(warning.code.name)"
                case .finished(let address, let action, _): "finished \(address.name) \(action)"
                case .passed(let address, let standing): "passed \(address.name) \(standing?.run ?? "")"
                case .overridden(let address, let reason): "overridden \(address.name) \(reason)"
                case .failed(let address, let action, _): "failed \(address.name) \(action)"
                case .skipped(let address, let cause): "skipped \(address.name) \(cause.name)"
                }
            seen.withLock { $0.append(line) }
        }
        try await shop.apply("boxes: {a: {}, b: {inside: [a]}, c: {}}", onEvent: onEvent)
        #expect(
            seen.withLock { $0.sorted() } == [
                "failed a create", "finished c create", "skipped b a", "started a create", "started c create",
            ])
    }
}
