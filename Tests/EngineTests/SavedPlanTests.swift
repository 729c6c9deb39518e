import Engine
import Language
import Testing

@Suite("Saved plans")
struct SavedPlanTests {
    private static let spec = "boxes: {small: {label: a}, large: {inside: [small], size: 3}}"

    private static let golden = EndangeredSuite(
        name: "golden", cases: 7, tokens: 5230, endangered: [EndangeredSuite.Case(name: "refund", tokens: 820)])

    private func inputs(
        _ record: Record, spec: String = spec, url: String = "http://a", version: String = "1",
        instance: String? = nil
    ) -> Inputs {
        Inputs(
            sources: Inputs.Sources(
                paths: ["shop"], overlays: [], variables: [], variableFiles: [], allowOutside: false),
            spec: spec, files: ["docs/a.md": "01"],
            servers: [Inputs.Server(name: "Shelf", version: version, url: url, instance: instance)],
            permissions: Permissions(),
            selection: .everything, record: record.digest)
    }

    private func saved(_ shop: Shop, _ spec: String = spec) async throws -> SavedPlan {
        SavedPlan(
            try await shop.plan(spec), drover: "1", destroys: false, inputs: inputs(await shop.record.load()),
            endangered: [Self.golden])
    }

    @Test("A plan is read back from its file as it was")
    func roundTrip() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {small: {}, large: {size: 2}, gone: {}}")
        var plan = try await saved(shop)
        plan.plan.freed = [Freed(address: Address("boxes", "small"), object: "box 7")]
        plan.plan.changes.append(Change(Address("boxes", "held"), .keep, note: "stays").withheld())
        let text = try plan.json
        #expect(SavedPlan.isPlan(text.utf8))
        let read = try SavedPlan(Array(text.utf8), path: "plan.json")
        #expect(read.plan.lines == plan.plan.lines && read.plan.lines.contains("delete gone"))
        #expect(read.plan.changes.map(\.fields) == plan.plan.changes.map(\.fields))
        #expect(read.plan.changes.map(\.fingerprint) == plan.plan.changes.map(\.fingerprint))
        #expect(read.inputs == plan.inputs && read.endangered == [Self.golden])
        #expect(read.plan.freed == plan.plan.freed && read.plan.withheld == 1)
        #expect(try read.json == text)
    }

    @Test("A file that is cut off, edited, of a newer version or no plan is refused by name")
    func damage() async throws {
        let text = try await saved(Shop()).json
        let bad: [(String, Diagnostic.Code)] = [
            (String(text.dropLast(40)), "damaged-plan"),
            (text.replacing("boxes.small", with: "boxes.tall"), "damaged-plan"),
            (text.replacing("\"version\": 2,", with: "\"version\": 3,"), "newer-plan"),
            (text.replacing("\"version\": 2,", with: "\"version\": 1,"), "older-plan"),
            ("{}", "damaged-plan"), ("", "damaged-plan"), ("\u{0}\u{1}", "damaged-plan"),
        ]
        for (content, code) in bad {
            let thrown = #expect(throws: Diagnostic.self) { try SavedPlan(Array(content.utf8), path: "plan.json") }
            #expect(thrown?.code == code, "\(content.prefix(80))")
        }
        #expect(SavedPlan.isPlan(text.dropLast(40).utf8), "A plan that was cut off is told as a plan.")
        #expect(!SavedPlan.isPlan("drover: v1".utf8) && !SavedPlan.isPlan(#"{"drover": "v1", "stack": "a"}"#.utf8))
    }

    @Test("The same world gives nothing to object to")
    func unchanged() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {small: {}, gone: {}}")
        let plan = try await saved(shop)
        let now = Verification(plan, against: inputs(await shop.record.load()))
        #expect(now.ofSpec(stack: "shop") { "\($0)\($1)" }.isEmpty && now.ofServers.isEmpty)
        #expect(now.ofPlan(try await shop.plan(Self.spec)).isEmpty)
    }

    @Test("Numbers that a file spells in another way are no difference")
    func numbers() throws {
        let field = FieldChange("sampling.temperature", old: .number(1), new: .number(0.5))
        let plan = Plan(
            stack: StackName("shop"), changes: [Change(Address("boxes", "small"), .update, fields: [field])])
        let made = SavedPlan(plan, drover: "1", destroys: false, inputs: inputs(Record()), endangered: [])
        let read = try SavedPlan(Array(made.json.utf8), path: "plan.json")
        #expect(Verification(read, against: inputs(Record())).ofPlan(plan).isEmpty)
    }

    @Test("Each difference has a diagnostic of its own")
    func differences() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {small: {}, gone: {}}")
        let plan = try await saved(shop)
        let record = await shop.record.load()
        let spec = Verification(plan, against: inputs(record, spec: "boxes: {}"))
        #expect(spec.ofSpec(stack: "shop") { "\($0)→\($1)" }.map(\.code) == ["spec-changed"])
        #expect(spec.ofSpec(stack: "shed") { "\($0)\($1)" }.map(\.code) == ["plan-of-another-stack"])
        var edited = inputs(record)
        edited.files = ["docs/a.md": "02", "docs/b.md": "03"]
        let files = Verification(plan, against: edited).ofSpec(stack: "shop") { "\($0)\($1)" }
        #expect(files.map(\.code) == ["file-changed", "file-changed"])
        // A file that only planning reads is not missed before that, and is after it.
        edited.files = [:]
        let early = Verification(plan, against: edited)
        #expect(early.ofSpec(stack: "shop") { "\($0)\($1)" }.isEmpty)
        #expect(early.ofFiles.map(\.code) == ["file-changed"])
        let servers = Verification(plan, against: inputs(record, url: "http://b")).ofServers
        #expect(servers.map(\.code) == ["plan-of-another-server"])
        let wider = Verification.widened(Permissions(), by: Permissions(adopt: true, takeOver: true))
        #expect(wider.map(\.code) == ["wider-than-planned"])
        #expect(Verification.widened(Permissions(adopt: true), by: Permissions()).isEmpty)
        let all = spec.ofSpec(stack: "shop") { "\($0)\($1)" } + files + servers + wider
        #expect(all.allSatisfy { $0.cause == .conflict })
    }

    @Test("A server is the planned one by what it tells of itself, or else by its address")
    func servers() async throws {
        let record = Record()
        let plan = try await Shop().plan(Self.spec)
        let saved = { SavedPlan(plan, drover: "1", destroys: false, inputs: $0, endangered: []) }
        let known = saved(inputs(record, instance: "1700"))
        func codes(_ saved: SavedPlan, _ now: Inputs) -> [String] {
            Verification(saved, against: now).ofServers.map(\.code.name)
        }
        #expect(codes(known, inputs(record, url: "http://b", instance: "1700")) == [])
        #expect(codes(known, inputs(record, instance: "1800")) == ["plan-of-another-server"])
        #expect(Verification(known, against: inputs(record, instance: "1800")).ofServers[0].detail.contains("anew"))
        #expect(codes(known, inputs(record, version: "2", instance: "1700")) == ["plan-of-another-server"])
        let local = saved(inputs(record, url: "http://localhost:1"))
        #expect(codes(local, inputs(record, url: "http://127.0.0.1:1")) == [])
        #expect(codes(local, inputs(record, url: "http://127.0.0.1:2")) == ["plan-of-another-server"])
    }

    @Test("An object that was changed, deleted or made meanwhile is told by its address")
    func movedObjects() async throws {
        let shop = Shop()
        try await shop.apply("boxes: {small: {}, gone: {}}")
        let plan = try await saved(shop)
        let now = Verification(plan, against: inputs(await shop.record.load()))
        let box = try #require(shop.shelf.boxes.first { $0.name == "small" })
        shop.shelf.change(box.id) { $0.label = "by hand" }
        let changed = now.ofPlan(try await shop.plan(Self.spec))
        #expect(changed.map(\.code) == ["object-moved"] && changed.first?.address == "boxes.small")
        #expect(changed.first?.detail.contains("`label`") == true, "\(changed)")
        shop.shelf.remove(box.id)
        let deleted = now.ofPlan(try await shop.plan(Self.spec))
        let small = deleted.first { $0.address == "boxes.small" }
        #expect(small?.code == "object-moved" && small?.detail.contains("not there any more") == true)
        // What needs it is no longer known before it is made again.
        #expect(deleted.first { $0.address == "boxes.large" }?.code == "stale-plan")
    }

    @Test("An apply in between is told by the record when the plan is the same")
    func movedRecord() async throws {
        let shop = Shop()
        let plan = try await saved(shop)
        var other = Record()
        other.entries["boxes.small"] = Record.Entry(fields: ["label": "b"])
        let now = Verification(plan, against: inputs(other))
        #expect(now.ofPlan(try await shop.plan(Self.spec)).map(\.code) == ["record-moved"])
    }

    @Test(
        "While it is applied, an address with another decision stops alone; what is known only then may turn out as anything"
    )
    func promise() async throws {
        let shop = Shop()
        let plan = try await shop.plan(Self.spec)
        let applied = try await shop.apply(Self.spec, promise: Promise(plan))
        #expect(applied.failures.isEmpty && shop.shelf.boxes.count == 2)

        let next = "boxes: {small: {label: b}, large: {inside: [small], size: 3}}"
        let stale = try await shop.plan(next)
        let other = "boxes: {small: {label: c}, large: {inside: [small], size: 3}, more: {}}"
        let stopped = try await shop.apply(other, promise: Promise(stale))
        #expect(stopped.failures.map(\.code) == ["not-as-planned", "not-as-planned"])
        #expect(stopped.failures.allSatisfy { $0.cause == .conflict })
        #expect(Set(shop.shelf.boxes.map(\.name)) == ["small", "large"])
        #expect(shop.shelf.boxes.first { $0.name == "small" }?.label == "a")
    }
}

@Suite("Drift")
struct DriftTests {
    @Test("What somebody else changed or deleted is drift; what the spec changed is not")
    func drift() async throws {
        let shop = Shop()
        let spec = "boxes: {a: {label: x}, b: {label: y}, c: {}}"
        try await shop.apply(spec)
        #expect(try await shop.plan(spec).drift.isEmpty)
        let boxes = shop.shelf.boxes
        shop.shelf.change(try #require(boxes.first { $0.name == "a" }).id) { $0.label = "by hand" }
        shop.shelf.remove(try #require(boxes.first { $0.name == "c" }).id)
        let plan = try await shop.plan("boxes: {a: {label: x}, b: {label: new}, c: {}, d: {}}")
        #expect(plan.lines == ["update a: label", "update b: label", "create c: name", "create d: name"])
        #expect(plan.drift.lines == ["update a: label", "create c"])
        #expect(plan.changes.first { $0.address.name == "c" }?.note == "deleted outside")
        #expect(plan.changes.first { $0.address.name == "d" }?.note == nil)
    }

    @Test("What an interrupted apply never made was not deleted by anybody")
    func neverMade() async throws {
        let shop = Shop()
        shop.shelf.fail("create a")
        try await shop.apply("boxes: {a: {}}")
        let plan = try await shop.plan("boxes: {a: {}}")
        #expect(plan.lines == ["create a: name"] && plan.drift.isEmpty)
    }
}
