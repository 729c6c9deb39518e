import Engine
import Language
import Testing

@Suite("Selection")
struct SelectionTests {
    private static let spec = """
        boxes:
          small: {}
          large: {inside: [small]}
          other: {label: new}
        """

    private func selection(
        targets: [String] = [], excluded: [String] = [], replaced: [String] = [], prunes: Bool = true
    ) -> Selection {
        Selection(
            targets: targets.map(AddressPattern.init), excluded: excluded.map(AddressPattern.init),
            replaced: replaced.map(AddressPattern.init), prunes: prunes)
    }

    @Test(
        "A pattern is an address, a kind, or a glob over both",
        arguments: [
            ("boxes.small", true), ("boxes/small", true), ("boxes", true), ("b*", true), ("*", true), ("*.s????", true),
            ("boxes.*l", true), ("boxes.*.*", false), ("box", false), ("boxes.smal", false), ("boxes.", false),
            ("boxes.s?l", false), ("boxes.sm*a*l*", true), ("", false), ("boxes.SMALL", false),
        ])
    func patterns(text: String, matches: Bool) {
        #expect(AddressPattern(text).matches(Address("boxes", "small")) == matches)
    }

    @Test("A pattern of many stars ends soon")
    func stars() {
        let name = String(repeating: "a", count: 500)
        #expect(!AddressPattern("k." + String(repeating: "*a", count: 200) + "b").matches(Address("k", name)))
    }

    @Test("A target comes with what it needs, and that is named; nothing else is touched")
    func targets() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}, other: {}}")
        let plan = try await shop.plan(Self.spec, selection(targets: ["boxes.large"]))
        #expect(plan.lines == ["create small: name", "create large: inside, name"])
        #expect(plan.limits.companions == [Address("boxes", "small")] && plan.limits.unremoved == 1)
        #expect(plan.limits.unselected == 1)
        try await shop.apply(Self.spec, selection(targets: ["boxes.large"]))
        #expect(Set(shop.shelf.boxes.map(\.name)) == ["gone", "other", "small", "large"])
        #expect(shop.shelf.boxes.first { $0.name == "other" }?.label == nil)
        #expect(try await shop.plan(Self.spec).lines == ["update other: label", "delete gone"])
    }

    @Test("What left the spec is removed when a target names it")
    func removedTarget() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}, away: {}, other: {}}")
        try await shop.apply("boxes: {other: {label: new}}", selection(targets: ["boxes.gone"]))
        #expect(Set(shop.shelf.boxes.map(\.name)) == ["away", "other"])
        #expect(shop.shelf.boxes.first { $0.name == "other" }?.label == nil)
    }

    @Test("What needs what is excluded is left out too, and named; nothing is removed meanwhile")
    func exclusion() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}}")
        let plan = try await shop.plan(Self.spec, selection(excluded: ["boxes.sm*"]))
        #expect(plan.lines == ["create other: label, name"])
        #expect(plan.limits.leftOut == [Address("boxes", "large")] && plan.limits.unremoved == 1)
        // Only something that left the spec is excluded: the rest is done whole.
        try await shop.apply("boxes: {gone: {}, away: {}}")
        let rest = try await shop.plan("boxes: {other: {}}", selection(excluded: ["boxes.away"]))
        #expect(rest.lines == ["create other: name", "delete gone"])
    }

    @Test("What left the spec stays when nothing is to be pruned")
    func unpruned() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}}")
        try await shop.apply(Self.spec, selection(prunes: false))
        #expect(shop.shelf.boxes.contains { $0.name == "gone" })
        #expect(try await shop.plan(Self.spec).lines == ["delete gone"])
    }

    @Test("A replacement that is asked for is made once, unless the object is protected")
    func replacement() async throws {
        let shop = Shop()
        try await shop.apply(Self.spec)
        let before = shop.shelf.boxes.first { $0.name == "small" }?.id
        let plan = try await shop.plan(Self.spec, selection(replaced: ["boxes.small"]))
        #expect(plan.lines.first == "replace small: replacement")
        try await shop.apply(Self.spec, selection(replaced: ["boxes.small"]))
        let after = shop.shelf.boxes.filter { $0.name == "small" }.map(\.id)
        #expect(after.count == 1 && after.first != before)
        #expect(try await shop.plan(Self.spec).isEmpty)
        let thrown = await #expect(throws: Diagnostics.self) {
            try await shop.plan("boxes: {small: {protect: true}}", selection(replaced: ["boxes"]))
        }
        #expect(thrown?.all.map(\.cause) == [.protected])
    }

    @Test("A selection that matches nothing is an error with the nearest address")
    func nothing() async throws {
        let shop = Shop()
        for wrong in [
            selection(targets: ["boxes.smal"]), selection(excluded: ["boxes.smal"]),
            selection(replaced: ["boxes.smal"]),
        ] {
            let thrown = await #expect(throws: Diagnostics.self) { try await shop.plan(Self.spec, wrong) }
            #expect(thrown?.all.map(\.code) == ["selects-nothing"] && thrown?.all.first?.cause == .usage)
            #expect(thrown?.all.first?.fix?.contains("boxes.small") == true)
        }
    }

    @Test("What is to be replaced and left out is an error, and so is what does not exist apart")
    func unreplaced() async throws {
        let shop = Shop()
        try await shop.apply(Self.spec)
        let thrown = await #expect(throws: Diagnostics.self) {
            try await shop.plan(Self.spec, selection(excluded: ["boxes.small"], replaced: ["boxes.small"]))
        }
        #expect(thrown?.all.map(\.code) == ["replacement-left-out"] && thrown?.all.first?.cause == .usage)
        let again = selection(replaced: ["boxes.small"]).afterReplacing
        #expect(try await shop.plan(Self.spec, again).isEmpty)
    }

    @Test("What differs and is not in the record may be drift; what the record knows is as it says")
    func unrecorded() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {small: {label: a}}")
        #expect(try await shop.plan("boxes: {small: {label: b}}").drift.isEmpty)
        try await shop.record.save([:])
        let drift = try await shop.plan("boxes: {small: {label: b}}").drift
        #expect(!drift.isEmpty && drift.changes.first?.fields.map(\.path) == ["label"])
        #expect(drift.changes.first?.note?.contains("record") == true)
        #expect(try await shop.plan("boxes: {small: {label: a}}").drift.isEmpty)
    }

    @Test("What is excluded from a removal keeps what it needs")
    func excludedFromRemoval() async throws {
        let shop = Shop()
        let spec = "boxes: {small: {}, large: {inside: [small]}, other: {inside: [small]}, alone: {}}"
        try await shop.apply(spec)
        let workflow = try #require(Shop.declare(spec).0).withoutDeclarations
        let drivers = [ResourceDriver(BoxResource(shelf: shop.shelf))]
        func removed(_ excluded: String..., targets: [String] = []) async throws -> [String] {
            try await Planner(
                workflow, drivers: drivers, survey: try await Survey.take(of: workflow, with: drivers),
                record: await shop.record.load(), permissions: Permissions(allowEmpty: true),
                selection: selection(targets: targets, excluded: excluded)
            ).plan().lines
        }
        #expect(try await removed("boxes.large") == ["delete alone", "delete other"])
        #expect(try await removed("boxes.small") == ["delete alone", "delete large", "delete other"])
        #expect(try await removed("boxes") == [])
        #expect(try await removed("boxes.large", targets: ["boxes"]) == ["delete alone", "delete other"])
        #expect(try await removed("boxes.small", targets: ["boxes.small", "boxes.large"]) == ["delete large"])
    }

    @Test("As long as what was renamed has its former address, either is meant")
    func formerAddress() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {old: {}, other: {}}")
        let spec = "boxes: {new: {moved: old}, other: {label: new}}"
        for name in ["boxes.old", "boxes.new"] {
            let rest = try await shop.plan(spec, selection(excluded: [name]))
            #expect(rest.lines == ["update other: label"], "\(name)")
            let part = try await shop.plan(spec, selection(targets: [name]))
            #expect(part.lines.map { $0.hasPrefix("update new: ") } == [true], "\(part.lines)")
        }
        let workflow = try #require(Shop.declare(spec).0).withoutDeclarations
        let drivers = [ResourceDriver(BoxResource(shelf: shop.shelf))]
        func removed(_ chosen: Selection) async throws -> [String] {
            try await Planner(
                workflow, drivers: drivers, survey: try await Survey.take(of: workflow, with: drivers),
                record: await shop.record.load(), permissions: Permissions(allowEmpty: true), selection: chosen
            ).plan().lines
        }
        for name in ["boxes.old", "boxes.new"] {
            #expect(try await removed(selection(excluded: [name])) == ["delete other"], "\(name)")
            #expect(try await removed(selection(targets: [name])) == ["delete old"], "\(name)")
        }
        #expect(try await removed(selection(targets: ["boxes"], excluded: ["boxes.new"])) == ["delete other"])
    }

    @Test("What the spec declares and is gone already may be named by a selection of a removal")
    func goneAlready() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {other: {}}")
        let workflow = try #require(Shop.declare("boxes: {gone: {}, other: {}}").0).withoutDeclarations
        let drivers = [ResourceDriver(BoxResource(shelf: shop.shelf))]
        func removed(_ chosen: Selection) async throws -> [String] {
            try await Planner(
                workflow, drivers: drivers, survey: try await Survey.take(of: workflow, with: drivers),
                record: await shop.record.load(), permissions: Permissions(allowEmpty: true), selection: chosen
            ).plan().lines
        }
        #expect(try await removed(selection(excluded: ["boxes.gone"])) == ["delete other"])
        #expect(try await removed(selection(targets: ["boxes.gone"])) == [])
        let thrown = await #expect(throws: Diagnostics.self) { try await removed(selection(targets: ["boxes.lost"])) }
        #expect(thrown?.all.map(\.code) == ["selects-nothing"])
    }

    @Test("What a target named and was removed is no mistake in the rest of the apply, nor kept with a saved plan")
    func removedBefore() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}, other: {}}")
        let chosen = selection(targets: ["boxes.gone"])
        try await shop.apply("boxes: {other: {}}", chosen)
        await #expect(throws: Diagnostics.self) { try await shop.plan("boxes: {other: {}}", chosen) }
        #expect(try await shop.plan("boxes: {other: {}}", chosen.afterReplacing).lines == [])
        let kept = try Value(encoding: chosen.afterReplacing).decoded(as: Selection.self)
        #expect(kept == chosen)
    }

    @Test("What a target names stays where it is excluded")
    func excludedTarget() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {gone: {}, away: {}, other: {}}")
        let chosen = selection(targets: ["boxes"], excluded: ["boxes.away"])
        try await shop.apply("boxes: {other: {}}", chosen)
        #expect(Set(shop.shelf.boxes.map(\.name)) == ["away", "other"])
    }
}
