import Language
import Support
import Testing

/// What programs are told where an alias is moved by hand.
extension ReleaseCommandTests {
    /// The events on standard output, which holds nothing else.
    private static func events(_ ended: DroverProgram.Ended) throws -> [Value] {
        try ended.output.split(separator: "\n").map { try Value(json: $0.utf8) }
    }

    private static let whole: [Value] = [
        "planned", "started", "finished", "summary", "started", "finished", "summary", "ended",
    ]

    @Test("An approval tells programs what it promotes and frees, and what becomes of it, an event a line")
    func approvalEvents() async throws {
        try await withShop { shop in
            let manual = ", approve: manual, retain: 0"
            for chunks in [400, 500] {
                try await shop.apply(Self.spec(release: manual, chunks: chunks), code: 0)
                guard chunks == 400 else { continue }
                #expect(try await shop.drover("approve", "production", "--yes").code == 0)
            }
            let asked = try await shop.drover("approve", "production", "--format", "json")
            let refused = try Self.events(asked)
            #expect(asked.code == 64 && refused.map { $0["event"] } == ["planned", "ended"], "\(asked.output)")
            #expect(try await shop.alias == "1")

            let approved = try await shop.drover("approve", "production", "--yes", "--format", "json")
            let events = try Self.events(approved)
            #expect(approved.code == 0 && events.map { $0["event"] } == Self.whole, "\(approved.output)")
            let plan = events.first?["plan"]
            #expect(plan?["changes"]?.array?.map { $0["address"] } == ["releases.production"], "\(approved.output)")
            #expect(plan?["summary"]?["promote"] == 1, "\(approved.output)")
            #expect(plan?["freed"]?.array?.map { $0["address"] } == ["vectorStores.handbook"], "\(approved.output)")
            #expect(events[2]["action"] == "promote" && events[5]["action"] == "delete", "\(approved.output)")
            #expect(events.last?["exitCode"] == 0, "\(approved.output)")
            #expect(try await shop.alias == "2")

            let nothing = try await shop.drover("approve", "production", "--yes", "--format", "json")
            let ended = try Self.events(nothing)
            #expect(nothing.code == 64 && ended.map { $0["event"] } == ["ended"], "\(nothing.output)")
            #expect(ended.first?["diagnostics"]?.array?.first?["code"] == "nothing-to-approve", "\(nothing.output)")
        }
    }

    @Test("Going back tells programs where the alias goes, what that frees, and what becomes of it")
    func goingBackEvents() async throws {
        try await withShop { shop in
            try await Self.applyThree(in: shop)
            let back = try await shop.drover("rollback", "--release", "production", "--yes", "--format", "json")
            let events = try Self.events(back)
            #expect(back.code == 0 && events.map { $0["event"] } == Self.whole, "\(back.output)\(back.errors)")
            let plan = events.first?["plan"]
            let field = plan?["changes"]?.array?.first?["fields"]?.array?.first
            #expect(field?["path"] == "version" && field?["old"] == 2 && field?["new"] == 1, "\(back.output)")
            #expect(plan?["freed"]?.array?.map { $0["address"] } == ["vectorStores.handbook"], "\(back.output)")
            #expect(events[2]["address"] == "releases.production" && events[5]["action"] == "delete", "\(back.output)")
            #expect(try await shop.alias == "1")
        }
    }
}
