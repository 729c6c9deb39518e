import FoundationEssentials
import Language
import Support
import Testing

/// What goes wrong on real servers, on the newest and the oldest: nothing of it is passed over, and nothing stays behind.
@Suite(.serialized) struct EdgesIntegrationTests {
    private static let tested: [MatrixIntegrationTests.Generation] = [.ogx, .v02]

    @Test(
        "Endless models, failing tools and documents, and refused stores are told, and leave nothing", arguments: tested
    )
    func edges(generation: MatrixIntegrationTests.Generation) async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try FileManager.default.copyItem(
                atPath: "\(packageRoot)/Tests/DroverTests/Edges", toPath: "\(directory)/edges")
            let server = MatrixServer(drover, generation, directory: directory, script: "edges/model.yaml")
            do {
                try await server.start()
                try await story(drover, server, directory)
            } catch {
                try await server.stop(purging: true)
                throw error
            }
            try await server.stop(purging: true)
        }
    }

    private func story(_ drover: DroverProgram, _ server: MatrixServer, _ directory: String) async throws {
        let before = try await server.contents()
        try await oneSide(drover, directory)
        #expect(try await server.contents() == before, "What is declared no more is left on the server.")
        try await refusedStore(drover, server, before)
        let up = try await drover("up", "edges/drover.yaml", "--yes", "--no-publish")
        #expect(up.code == 0 && up.output.contains("2 passed, 0 failed, 0 inconclusive"), "\(up.output)\(up.errors)")
        try await emptyDocument(drover, directory)
        try await deadServer(drover)
        let gone = try await drover("destroy", "edges/drover.yaml", "--yes")
        #expect(gone.code == 0, "\(gone.output)\(gone.errors)")
        #expect(try await server.contents() == before, "Something of ours is left on the server.")
    }

    /// What was applied to a server is taken away although the spec names nothing of that server any more, nor anything.
    private func oneSide(_ drover: DroverProgram, _ directory: String) async throws {
        func apply(
            _ declared: String, _ command: String = "apply", _ code: Int32 = 0, saying words: String
        ) async throws {
            let text = "drover: v1\nstack: sides\n\(declared)\n"
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/sides.yaml"))
            let ended = try await drover(command, "sides.yaml", "--yes")
            let said = ended.output + ended.errors
            #expect(ended.code == code && said.contains(words), "\(said)")
        }
        let experiment = "experiments: {e: {name: sides}}"
        let store = "vectorStores: {s: {embeddingModel: lab-embed/embed, embeddingDimension: 384}}"
        try await apply("\(experiment)\n\(store)", saying: "2 created")
        try await apply(experiment, saying: "1 deleted")
        try await apply("\(experiment)\n\(store)", saying: "1 created")
        try await apply(store, saying: "1 forgotten")
        try await apply("", "apply", 9, saying: "nothing-declared")
        try await apply("", "destroy", saying: "1 deleted")
    }

    /// A store of a provider that the server lacks is told before anything is made.
    private func refusedStore(_ drover: DroverProgram, _ server: MatrixServer, _ before: [String]) async throws {
        let refused = try await drover("apply", "edges/drover.yaml", "--yes", "--var", "provider=nowhere")
        #expect(refused.code == 10 && refused.errors.contains("unknown-provider"), "\(refused.output)\(refused.errors)")
        let stores = try await server.contents().filter { $0.contains("vector_stores") }
        #expect(stores == before.filter { $0.contains("vector_stores") })
    }

    /// A document without words cannot be ingested; the others stay, and the next apply goes on.
    private func emptyDocument(_ drover: DroverProgram, _ directory: String) async throws {
        let path = URL(filePath: "\(directory)/edges/docs/empty.md")
        try Data().write(to: path)
        let failed = try await drover("apply", "edges/drover.yaml", "--yes")
        #expect(failed.code == 6 && failed.errors.contains("`docs/empty.md`"), "\(failed.output)\(failed.errors)")
        try FileManager.default.removeItem(at: path)
        let mended = try await drover("apply", "edges/drover.yaml", "--yes")
        #expect(mended.code == 0, "\(mended.output)\(mended.errors)")
        let plan = try await drover("plan", "edges/drover.yaml", "--exit-code")
        #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
    }

    /// An MCP server that is down is told by the apply, and by whoever asks the agent.
    private func deadServer(_ drover: DroverProgram) async throws {
        let overlay = ["edges/drover.yaml", "--overlay", "edges/dead.yaml"]
        let applied = try await drover("apply", overlay[0], overlay[1], overlay[2], "--yes")
        #expect(applied.code == 0 && applied.errors.contains("warning["), "\(applied.output)\(applied.errors)")
        #expect(applied.errors.contains("http://127.0.0.1:9/mcp"))
        let asked = try await drover(
            "invoke", "endless", "Search for ever.", "--spec", overlay[0], overlay[1], overlay[2])
        #expect(asked.code == 1 || asked.output.contains("I have nothing to say."), "\(asked.output)\(asked.errors)")
    }
}
