/// What a private Python environment holds: pinned to the last package, so that tomorrow's resolver changes nothing.
struct Recipe: Sendable {
    /// One file that is taken out of a package that is not installed otherwise.
    struct Extract: Sendable {
        let package: String
        let path: String
        /// Where it goes, below the environment.
        let destination: String
    }

    /// As in `ogx`.
    let name: String
    let version: String
    /// What is asked for; the pins say which versions of it and of all that it needs.
    let packages: [String]
    /// `name==version`, one a line.
    let pins: String
    let extracts: [Extract]
    /// The program that must be there in the end, below the environment.
    let program: String

    /// `mlflow-3.17.2-0f6c…`: another pin, another environment.
    var directoryName: String {
        let parts = packages + [pins] + extracts.map { "\($0.package) \($0.path) \($0.destination)" }
        return "\(name)-\(version)-\(StableHash.hexadecimal(parts.joined(separator: "\0")))"
    }
}

extension Recipe {
    /// MLflow's tracking server, which is also the client that loads logged agents.
    static let mlflow = Recipe(
        name: "mlflow", version: "3.17.2", packages: ["mlflow==3.17.2"],
        pins: String(decoding: PackageResources.mlflow_3_17_2_txt, as: UTF8.self), extracts: [],
        program: "bin/mlflow")

    /// OGX with the providers of the lab's configuration, and the tokenizer file that it would download at its start.
    static let ogx = Recipe(
        name: "ogx", version: "1.5.0",
        packages: [
            "ogx==1.5.0", "faiss-cpu", "pypdf", "chardet", "mcp", "aiosqlite", "sqlalchemy[asyncio]", "numpy",
            "asyncpg",
        ],
        pins: String(decoding: PackageResources.ogx_1_5_0_txt, as: UTF8.self),
        extracts: [
            Extract(
                package: "litellm==1.109.1",
                path: "litellm/litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
                destination: "share/tiktoken/9b5ad71b2ce5302211f9c61530b329a4922fc6a4")
        ],
        program: "bin/ogx")
}
