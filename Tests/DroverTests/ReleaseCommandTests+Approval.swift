import Fakes
import Foundation
import Runtime
import Support
import Testing

/// What an approval lets go of.
extension ReleaseCommandTests {
    private static let manual = ", approve: manual, retain: 0"

    /// A shop whose alias stands at version 1, and where version 2 waits, which searches another store.
    private func withWaiting(_ body: @escaping @Sendable (Shop) async throws -> Void) async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(release: Self.manual), code: 0)
            let first = try await shop.drover("approve", "production", "--yes")
            #expect(first.code == 0 && !first.output.contains("Freed"), "\(first.output)\(first.errors)")
            try await shop.apply(Self.spec(release: Self.manual, chunks: 600), code: 0)
            #expect(try await shop.alias == "1")
            let plan = try await shop.drover("plan", "--exit-code")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
            try await body(shop)
        }
    }

    @Test("While an apply goes on, the command that approves names the spec, too")
    func approvalNamesSpec() async throws {
        try await withShop { shop in
            try shop.write(Self.spec(release: Self.manual))
            let applied = try await shop.drover.run(DroverProgram.path, ["apply", "drover.yaml", "--yes"])
            #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
            let told = "! releases.production: Version 1 waits for approval"
            #expect(applied.errors.contains(told), "\(applied.errors)")
            let command = "`drover approve production drover.yaml`"
            #expect(applied.errors.contains("Run \(command) to promote it."), "\(applied.errors)")
        }
    }

    @Test("Where the spec comes on standard input, commands that are told name that, and not the spec of the directory")
    func approvalNamesInput() async throws {
        try await withShop { shop in
            try await shop.apply(Self.spec(release: Self.manual), code: 0)
            for (words, command) in [
                ("plan -", "Run `drover approve production -` to promote it."),
                ("approve production - --yes", "stands at version 1 now."),
                ("approve production - --yes", "Run `drover apply -` first: it tries the gates."),
            ] {
                let script = "cat drover.yaml | \"$0\" \(words)"
                let ended = try await shop.drover.run("/bin/sh", ["-c", script, DroverProgram.path])
                let told = ended.output + ended.errors
                #expect(told.contains(command), "\(words): \(told)")
            }
        }
    }

    @Test("An approval names what its promotion frees, and removes it: nothing is left for the next apply")
    func approvalFrees() async throws {
        try await withWaiting { shop in
            let approved = try await shop.drover("approve", "production", "--yes")
            #expect(approved.code == 0 && !approved.errors.contains("not-retired"), "\(approved.errors)")
            let freed = approved.output.contains("Freed by the promotion") && approved.output.contains("1 deleted")
            #expect(freed && approved.output.contains("vectorStores.handbook"), "\(approved.output)")
            #expect(try await shop.alias == "2")
            let plan = try await shop.drover("plan", "--exit-code")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
        }
    }

    @Test("Without Llama Stack an approval promotes all the same, and the next apply removes what it frees")
    func approvalAlone() async throws {
        try await withWaiting { shop in
            let away = try await shop.drover("approve", "production", "--yes", "--llamastack-url", "http://127.0.0.1:1")
            #expect(away.code == 0 && away.errors.contains("warning[not-retired]"), "\(away.output)\(away.errors)")
            #expect(try await shop.alias == "2")
            let plan = try await shop.drover("plan")
            #expect(plan.output.contains("- vectorStores.handbook"), "\(plan.output)\(plan.errors)")
            try await shop.apply(Self.spec(release: Self.manual, chunks: 600), code: 0, saying: "1 deleted")
        }
    }

    @Test("Where the spec has changed, an approval removes nothing, and says that an apply does")
    func approvalBesideChanges() async throws {
        try await withWaiting { shop in
            try shop.write(Self.spec(release: Self.manual, chunks: 600, team: "front"))
            let approved = try await shop.drover("approve", "production", "--yes")
            #expect(
                approved.code == 0 && approved.errors.contains("the next apply does all of it"), "\(approved.errors)")
            #expect(approved.output.contains("Freed by the promotion, because"), "\(approved.output)")
            #expect(!approved.output.contains("removed after it"), "\(approved.output)")
            #expect(try await shop.alias == "2")
            let plan = try await shop.drover("plan")
            let isThere =
                plan.output.contains("- vectorStores.handbook") && plan.output.contains("~ experiments.answers")
            #expect(isThere, "\(plan.output)")
        }
    }

    @Test("A gate that has failed stays failed though its suite is logged in another experiment by now")
    func otherExperiment() async throws {
        try await withShop { shop in
            let failing = Self.spec(expect: "[{contains: nothing of the kind}]")
            try await shop.apply(failing, code: 4, saying: "error[gate-failed]")
            let runs = shop.mlflow.store.runs.count
            let moved = failing.replacing("experiments: {", with: "experiments: {more: {}, ")
                .replacing("    experiment: answers\n", with: "    experiment: more\n")
            try await shop.apply(moved, code: 4, saying: "is not tried again until luck passes it")
            let evaluations = shop.mlflow.store.runs.dropFirst(runs).filter { run in
                run.tags.contains { $0.key == Evidence.suiteTag }
            }
            #expect(try await shop.alias == nil && evaluations.isEmpty)
        }
    }

    @Test("A gate that must be no worse than a run that nobody has blessed yet says how that is done")
    func nothingBlessed() async throws {
        try await withShop { shop in
            let compared = Self.spec().replacing(
                "    experiment: answers\n",
                with: "    experiment: answers\n    thresholds: {noWorseThan: {margin: 0.05}}\n")
            try await shop.apply(compared, code: 5, saying: "drover test bless --suite manners")
            #expect(try await shop.alias == nil)
        }
    }

    @Test("A gate does not pass by itself when another run of its suite failed meanwhile")
    func failedMeanwhile() async throws {
        let judged = Self.spec(expect: "[{exec: {command: [sh, check.sh]}}]")
        let one = judged.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.contains("name: thanks") }.joined(separator: "\n")
        try await withShop { shop in
            // Programs get none of these.
            _ = try await shop.drover.run("/bin/sh", ["-c", "env | grep ^DROVER_ >servers"])
            try shop.write(
                "check.sh",
                """
                cat >/dev/null
                if [ -e inner ]; then echo '{"pass": false}'; exit; fi
                touch inner
                env $(cat servers) '\(DroverProgram.path)' test --allow-exec >inner 2>&1
                rm inner
                echo '{"pass": true}'

                """)
            try await shop.apply(one, "--allow-exec", code: 4, saying: "is not tried again until luck passes it")
            #expect(try await shop.alias == nil)
        }
    }
}
