import Fakes
import Language
import Support
import Testing
import Wire

/// What gates hold back, what is let through all the same, and what the history says of it.
extension ReleaseCommandTests {
    @Test("A candidate whose gate failed, and that somebody moved the alias to, is accepted there; then all is well")
    func acceptedCandidate() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            let failing = Self.spec(tone: "Two.", expect: "[{contains: nothing of the kind}]")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            try await shop.mlflow.server().setAlias("production", of: "shop-desk", toVersion: "2")
            try await shop.apply(failing, code: 7, saying: "error[alias-moved]")
            try await shop.apply(
                failing, "--accept-alias", code: 0, saying: "Accepted that `shop-desk@production` stands at version 2",
                "Applied: 1 alias accepted where it stands.")
            #expect(try await shop.alias == "2")
            let plan = try await shop.drover("plan", "--exit-code")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
            let history = try await shop.drover("history").output
            #expect(history.contains("apply --accept-alias"), "\(history)")
        }
    }

    @Test("A saved plan that accepts where an alias stands does so, though its gate stays failed")
    func acceptedByPlan() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            let failing = Self.spec(tone: "Two.", expect: "[{contains: nothing of the kind}]")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            try await shop.mlflow.server().setAlias("production", of: "shop-desk", toVersion: "2")
            let plan = try await shop.drover("plan", "--accept-alias", "--out", "plan.json")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
            let applied = try await shop.drover("apply", "plan.json", "--yes")
            let said = applied.output + applied.errors
            #expect(applied.code == 0, "\(said)")
            #expect(said.contains("Accepted that `shop-desk@production` stands at version 2"), "\(said)")
            let after = try await shop.drover("plan", "--exit-code")
            #expect(after.code == 0, "\(after.output)\(after.errors)")
        }
    }

    @Test("A gate that is overridden is told with its reason, on the screen and to programs, and not as passed")
    func overridden() async throws {
        let failing = { @Sendable (tone: String) in Self.spec(tone: tone, expect: "[{contains: nothing of the kind}]") }
        try await withShop { shop in
            try await shop.apply(failing("One."), code: 4, saying: "error[gate-failed]")
            let reason = ["--override", "the model is down"]
            let told = try await shop.drover.run(DroverProgram.path, ["apply", "--yes"] + reason)
            #expect(told.code == 0, "\(told.output)\(told.errors)")
            #expect(told.errors.contains("! suites.manners: not passed, and overridden: the model is down"))
            #expect(!told.errors.contains("✓ suites.manners"), "\(told.errors)")
            try shop.write(failing("Two."))
            let events = try await shop.drover.run(DroverProgram.path, ["apply", "--yes", "--format", "json"] + reason)
            #expect(events.output.contains(#""overridden":"the model is down""#), "\(events.output)\(events.errors)")
        }
    }

    /// The verdicts of suites on each apply, the first one first.
    private static func verdicts(_ shop: Shop) async throws -> [Value] {
        let json = try Value(json: Array(try await shop.drover("history", "--format", "json").output.utf8))
        return (json["applies"]?.array ?? []).map { $0["verdicts"] ?? .null }
    }

    @Test("The history has the verdict of a gate with the apply that waited for it, also where it passed by what stood")
    func gatesInHistory() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            #expect(try await Self.verdicts(shop) == [.null, ["manners: passed"]])
            let renamed = Self.spec().replacing("alias: production", with: "alias: live")
                .replacing("releases: {production:", with: "releases: {other:")
            try shop.write(renamed)
            let cited = try await shop.drover.run(DroverProgram.path, ["apply", "--yes"])
            #expect(cited.code == 0, "\(cited.output)\(cited.errors)")
            #expect(cited.errors.contains("✓ suites.manners: passed on evidence of "), "\(cited.errors)")
            let standing = try #require(try await Self.verdicts(shop).last?.array?.first?.string)
            #expect(standing.hasPrefix("manners: passed, on evidence of "), "\(standing)")
            let failing = Self.spec(tone: "Two.", expect: "[{contains: nothing of the kind}]")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            #expect(try await Self.verdicts(shop).last == ["manners: failed"])
        }
    }

    @Test("An apply that overrides a gate, and brings something before it, says only once what the gate came to")
    func overriddenInHistory() async throws {
        let failing = Self.spec(tone: "Two.", expect: "[{contains: nothing of the kind}]")
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            let changed = failing.replacing("team: desk", with: "team: night")
            try await shop.apply(changed, "--override", "the suite is wrong", code: 0, saying: "1 promoted")
            #expect(try await Self.verdicts(shop).suffix(2) == [.null, ["manners: overridden"]])
        }
    }

    @Test("A release whose gate stays failed stays in every plan, with the reason: there is nothing to promote")
    func staysFailed() async throws {
        let failing = Self.spec(tone: "Two.", expect: "[{contains: nothing of the kind}]")
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            let plan = try await shop.drover("plan", "--exit-code", "--out", "plan.json")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
            let shown = try await shop.drover("show", "plan.json").output
            for text in [plan.output, shown] {
                let line = "= releases.production  alias shop-desk@production (version 1) — stays: `manners` failed on "
                #expect(text.contains(line), "\(text)")
                #expect(text.contains("Nothing to change: ") && text.contains("1 held back by gates"), "\(text)")
                #expect(!text.contains("suites.manners") && !text.contains("version: "), "\(text)")
            }
            let json = try Value(json: Array(try await shop.drover("plan", "--format", "json").output.utf8))
            #expect(json["changed"] == false && json["summary"]?["promote"] == 0 && json["summary"]?["check"] == 0)
            let release = try #require(json["changes"]?.array?.first)
            #expect(release["action"] == "keep" && release["withheld"] == true && release["fields"] == [], "\(json)")
            let markdown = try await shop.drover("plan", "--format", "markdown").output
            #expect(markdown.hasPrefix("### Plan of `shop`: nothing to change"), "\(markdown)")
            #expect(markdown.contains("held back") && markdown.contains("failed on "), "\(markdown)")
            let entries = shop.mlflow.store.runs.count
            for words in [["apply", "--yes"], ["apply", "plan.json", "--yes"]] {
                let ended = try await shop.drover.run(DroverProgram.path, words)
                let said = ended.output + ended.errors
                #expect(ended.code == 4 && said.contains("is not tried again"), "\(said)")
            }
            #expect(try await shop.alias == "1" && shop.mlflow.store.runs.count == entries)
            let forced = ["apply", "plan.json", "--yes", "--override", "the suite is wrong"]
            let ended = try await shop.drover.run(DroverProgram.path, forced)
            let said = ended.output + ended.errors
            #expect(ended.code == 0 && said.contains("^ releases.production"), "\(said)")
            #expect(try await shop.alias == "2")
        }
    }

    @Test("Beside other changes, a release whose gate stays failed is held back, and the apply ends with its gate")
    func heldBackBesideChanges() async throws {
        let failing = Self.spec(tone: "Two.", expect: "[{contains: nothing of the kind}]")
        try await withShop { shop in
            try await shop.apply(Self.spec(), code: 0, saying: "1 promoted")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            try shop.write(failing.replacing("team: desk", with: "team: night"))
            let plan = try await shop.drover("plan", "--exit-code")
            #expect(plan.code == 2, "\(plan.output)\(plan.errors)")
            let isTold = plan.output.contains("1 to change") && plan.output.contains("1 held back by gates")
            #expect(isTold && !plan.output.contains("to promote"), "\(plan.output)")
            let ended = try await shop.drover.run(DroverProgram.path, ["apply", "--yes"])
            #expect(ended.code == 4 && ended.errors.contains("error[gate-failed]"), "\(ended.output)\(ended.errors)")
            let after = try await shop.drover("plan", "--exit-code")
            #expect(after.code == 0, "\(after.output)\(after.errors)")
        }
    }
}
