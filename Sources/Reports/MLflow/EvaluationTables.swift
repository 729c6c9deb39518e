import Language
import Suites
import Wire

/// The rows that a suite asked, as files of its run in MLflow: `tables/5f2c9a10-cases.csv`, whose name begins with the SHA-256
/// of its text. So a changed table is never mistaken for a changed agent.
struct EvaluationTables: Sendable {
    private let files: [(path: Located<String>, digest: String)]
    private let folder: SpecFolder?

    init(of suite: TestSuite, in folder: SpecFolder?) {
        files = suite.cases.files
        self.folder = folder
    }

    /// Puts them on a run. They are an extra: one that was changed or removed while the suite ran is left out, and so are all
    /// where artifacts are stored elsewhere.
    func put(on run: MLflowRun, at server: MLflowServer) async throws {
        guard let folder, let artifacts = try? MLflowArtifactFolder(uri: run.artifactURI) else { return }
        for (path, digest) in files {
            guard let text = try? folder.text(of: path), sha256Hex(text.utf8) == digest else { continue }
            try await server.putArtifact(
                Array(text.utf8), named: "tables/\(digest.prefix(8))-\(Self.name(of: path.value))", in: artifacts)
        }
    }

    /// The last part of a path, with what MLflow refuses or rewrites in names replaced.
    static func name(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    "#\\%".unicodeScalars.contains(scalar) || scalar.value < 32 || scalar.value == 127 ? "_" : scalar
                }))
    }
}
