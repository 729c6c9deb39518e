import Foundation
import Support
import Testing

/// What is let go of where a part of an apply, or only an alias, moves.
extension ReleaseCommandTests {
    /// Two agents with releases of their own; the first one searches a store.
    private static func pair(chunks: Int, clerk: String, expect: String) -> String {
        """
        drover: v1
        stack: shop
        servers: {mlflow: {token: {file: token.txt}}, llamastack: {apiKey: {file: key.txt}}}
        experiments: {answers: {}}
        vectorStores:
          handbook:
            embeddingModel: scripted/embed
            chunking: {maxTokens: \(chunks), overlap: 50}
            documents: ["docs/*.md"]
        tools: {knowledge: {fileSearch: {vectorStores: [handbook]}}}
        agents:
          desk: {model: scripted/llm, instructions: Be kind., tools: [knowledge], log: {experiment: answers}}
          clerk: {model: scripted/llm, instructions: \(clerk), log: {experiment: answers}}
        suites:
          manners:
            {agent: desk, experiment: answers, cases: [{name: hello, input: Hello, expect: [{contains: ANSWER}]}]}
          numbers:
            {agent: clerk, experiment: answers, cases: [{name: sum, input: Add, expect: [{contains: \(expect)}]}]}
        releases:
          production: {agent: desk, alias: production, gates: [manners], retain: 0}
          counter: {agent: clerk, alias: counter, gates: [numbers], retain: 0}

        """
    }

    @Test("A gate that fails holds back only its own release: what another one frees goes in the same apply")
    func freedBesideFailed() async throws {
        try await withShop { shop in
            try await shop.apply(Self.pair(chunks: 400, clerk: "One.", expect: "ANSWER"), code: 0, saying: "2 promoted")
            let next = Self.pair(chunks: 600, clerk: "Two.", expect: "NOWHERE")
            try await shop.apply(
                next, code: 4, saying: "error[gate-failed]", "1 promoted", "vectorStores.handbook: deleted")
            #expect(try await shop.alias == "2")
            let plan = try await shop.drover("plan")
            #expect(!plan.output.contains("vectorStores.handbook"), "\(plan.output)\(plan.errors)")
            #expect(plan.output.contains("releases.counter"), "\(plan.output)\(plan.errors)")
        }
    }

    /// Applies three versions, each with a store of its own: two are promoted, and the third is not.
    /// - Returns: The spec of the third.
    @discardableResult
    static func applyThree(in shop: Shop) async throws -> String {
        let kept = ", retain: 1"
        for chunks in [400, 500] {
            try await shop.apply(spec(release: kept, chunks: chunks), code: 0, saying: "1 promoted")
        }
        let failing = spec(expect: "[{contains: NOWHERE}]", release: kept, chunks: 600)
        try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
        return failing
    }

    @Test("Going back names what nothing uses since then, and removes it: nothing is left for the next apply")
    func freedByGoingBack() async throws {
        try await withShop { shop in
            try await Self.applyThree(in: shop)
            #expect(try await shop.alias == "2")
            let asked = try await shop.drover("rollback", "--release", "production")
            #expect(asked.code == 64 && asked.errors.contains("error[nobody-to-ask]"), "\(asked.errors)")
            #expect(asked.output.contains("Freed by going back, and removed after it, because"), "\(asked.output)")
            #expect(asked.output.contains("- vectorStores.handbook"), "\(asked.output)")
            #expect(try await shop.alias == "2")
            let held = try await shop.drover("plan").output
            #expect(held.contains("= releases.production") && !held.contains("Freed by"), "\(held)")
            let back = try await shop.drover("rollback", "--release", "production", "--yes", "--reason", "dull")
            #expect(back.code == 0 && !back.errors.contains("not-retired"), "\(back.output)\(back.errors)")
            let freed = back.output.contains("Freed by going back") && back.output.contains("1 deleted")
            #expect(freed && back.output.contains("vectorStores.handbook"), "\(back.output)\(back.errors)")
            #expect(try await shop.alias == "1")
            let plan = try await shop.drover("plan")
            #expect(!plan.output.contains("vectorStores.handbook"), "\(plan.output)\(plan.errors)")
        }
    }

    @Test("Beside other changes of the spec, going back does not say that it removes what the next apply removes")
    func freedBesideOthers() async throws {
        try await withShop { shop in
            let failing = try await Self.applyThree(in: shop)
            try shop.write(failing.replacing("team: desk", with: "team: night"))
            let asked = try await shop.drover("rollback", "--release", "production")
            #expect(asked.output.contains("Freed by going back, because"), "\(asked.output)\(asked.errors)")
            let back = try await shop.drover("rollback", "--release", "production", "--yes")
            #expect(back.code == 0, "\(back.output)\(back.errors)")
            #expect(back.output.contains("Freed by going back, because"), "\(back.output)\(back.errors)")
            #expect(back.errors.contains("the next apply does all of it"), "\(back.errors)")
            #expect(!back.output.contains("deleted") && !back.output.contains("removed after it"), "\(back.output)")
        }
    }

    @Test(
        "Where nobody can be asked, an alias goes back, or on, only with --yes: without it is told what would be done")
    func nobodyAsked() async throws {
        try await withShop { shop in
            let manual = ", approve: manual, retain: 0"
            for chunks in [400, 500] {
                try await shop.apply(Self.spec(release: manual, chunks: chunks), code: 0)
                let refused = try await shop.drover("approve", "production")
                #expect(refused.code == 64 && refused.errors.contains("error[nobody-to-ask]"), "\(refused.errors)")
                let version = chunks == 400 ? 1 : 2
                #expect(refused.output.contains("moves to version \(version)."), "\(refused.output)")
                #expect(refused.output.contains("Freed by the promotion") == (chunks == 500), "\(refused.output)")
                #expect(try await shop.alias == (chunks == 400 ? nil : "1"))
                let approved = try await shop.drover("approve", "production", "--yes")
                #expect(approved.code == 0, "\(approved.output)\(approved.errors)")
            }
            let refused = try await shop.drover("rollback", "--release", "production")
            #expect(refused.code == 64 && refused.errors.contains("error[nobody-to-ask]"), "\(refused.errors)")
            #expect(refused.output.contains("stands at version 2, and goes back to version 1."), "\(refused.output)")
            #expect(try await shop.alias == "2")
            let unknown = try await shop.drover("rollback", "--release", "staging")
            #expect(unknown.code == 64 && unknown.errors.contains("error[unknown-release]"), "\(unknown.errors)")
        }
    }

    @Test("A release that is destroyed takes along what only versions use that it kept, as its plan says")
    func freedByDestroying() async throws {
        try await withShop { shop in
            for chunks in [400, 500] {
                try await shop.apply(Self.spec(release: ", retain: 1", chunks: chunks), code: 0, saying: "1 promoted")
            }
            let part = ["--target", "releases.production"]
            let title = "Freed by what is done to releases, and removed after it"
            let planned = try await shop.drover(["plan", "--destroy"] + part)
            #expect(planned.output.contains(title), "\(planned.output)\(planned.errors)")
            #expect(planned.output.contains("  - vectorStores.handbook"), "\(planned.output)")
            let destroyed = try await shop.drover(["destroy", "--yes"] + part)
            #expect(destroyed.code == 0 && destroyed.output.contains(title), "\(destroyed.output)\(destroyed.errors)")
            #expect(destroyed.output.contains("Applied: 2 deleted."), "\(destroyed.output)\(destroyed.errors)")
            #expect(try await shop.alias == nil)
            let plan = try await shop.drover("plan")
            #expect(!plan.output.contains("vectorStores.handbook"), "\(plan.output)\(plan.errors)")
            #expect(plan.output.contains("^ releases.production"), "\(plan.output)")
        }
    }

    @Test("Of a saved plan that destroys a release, what it frees goes, too; beside other changes of the spec it stays")
    func freedByDestroyingAsPlanned() async throws {
        try await withShop { shop in
            let spec = { @Sendable (chunks: Int) in Self.spec(release: ", retain: 1", chunks: chunks) }
            for chunks in [400, 500] { try await shop.apply(spec(chunks), code: 0, saying: "1 promoted") }
            let part = ["--destroy", "--target", "releases.production"]
            try shop.write(spec(500).replacing("team: desk", with: "team: night"))
            let beside = try await shop.drover(["plan"] + part)
            #expect(beside.code == 0 && !beside.output.contains("Freed by"), "\(beside.output)\(beside.errors)")
            try shop.write(spec(500))
            #expect(try await shop.drover(["plan", "--out", "plan.json"] + part).code == 0)
            let applied = try await shop.drover("apply", "plan.json", "--yes")
            #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
            #expect(applied.output.contains("Applied: 2 deleted."), "\(applied.output)\(applied.errors)")
        }
    }

    @Test("Without Llama Stack an alias goes back all the same, and the next apply removes what that frees")
    func backAlone() async throws {
        try await withShop { shop in
            for chunks in [400, 500] {
                try await shop.apply(Self.spec(chunks: chunks), code: 0, saying: "1 promoted")
            }
            let back = try await shop.drover(
                "rollback", "--release", "production", "--yes", "--llamastack-url", "http://127.0.0.1:1")
            #expect(back.code == 0 && back.errors.contains("warning[not-retired]"), "\(back.output)\(back.errors)")
            #expect(try await shop.alias == "1")
        }
    }
}
