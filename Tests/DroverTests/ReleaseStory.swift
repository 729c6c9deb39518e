import FoundationEssentials
import Support
import Testing

/// A release on real servers: promoted when its gate passes, held back when it fails, rolled back and staying there.
struct ReleaseStory {
    private static let spec = """
        drover: v1
        stack: desk
        variables:
          tone: {type: string, default: polite}
          wanted: {type: string, default: welcome}
          failed: {type: string, default: stop}
        agents: {desk: {model: lab/llm, instructions: "Be ${var.tone}."}}
        suites:
          manners:
            agent: desk
            cases: [{name: thanks, input: "Thank you!", expect: [{icontains: "${var.wanted}"}]}]
        releases: {production: {agent: desk, alias: production, gates: [manners], onFail: "${var.failed}"}}
        """

    let drover: DroverProgram

    func tell(in directory: String) async throws {
        try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/desk.yaml"))
        try await apply(code: 0, saying: "1 checked, 1 promoted")
        let same = try await drover("plan", "desk.yaml", "--exit-code")
        #expect(same.code == 0, "\(same.output)\(same.errors)")
        try await apply("tone=rude", "wanted=goodbye", code: 4, saying: "error[gate-failed]")
        // What failed is not tried again.
        try await apply("tone=rude", "wanted=goodbye", code: 4, saying: "is not tried again")
        #expect(try await released() == "1")
        try await apply("tone=loud", "wanted=goodbye", "failed=warn", code: 0, saying: "warning[gate-failed]")
        #expect(try await released() == "1")
        try await apply("tone=brief", code: 0, saying: "1 promoted")
        #expect(try await released() == "4")
        let back = try await drover(
            "rollback", "desk.yaml", "--release", "production", "--yes", "--reason", "too brief")
        #expect(back.code == 0 && back.output.contains("stands at version 1 again"), "\(back.output)\(back.errors)")
        try await apply("tone=brief", code: 0, saying: "Nothing to change")
        #expect(try await released() == "1")
        let gone = try await drover("destroy", "desk.yaml", "--yes")
        #expect(gone.code == 0, "\(gone.output)\(gone.errors)")
    }

    private func apply(_ variables: String..., code: Int32, saying words: String) async throws {
        let given = variables.flatMap { ["--var", $0] }
        let ended = try await drover.run(DroverProgram.path, ["apply", "desk.yaml", "--yes"] + given)
        let said = ended.output + ended.errors
        #expect(ended.code == code && said.contains(words), "\(variables): \(said)")
    }

    /// The version that the alias points at.
    private func released() async throws -> String {
        let ended = try await drover("output", "releases.production.version", "--spec", "desk.yaml")
        return ended.output.split(separator: "\n").first.map(String.init) ?? ended.errors
    }
}
