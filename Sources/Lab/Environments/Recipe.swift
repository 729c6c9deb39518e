/// The contents of a private Python environment: every package is pinned, so that installations are reproducible.
struct Recipe: Sendable {
    /// One file taken from a package that is not installed as a whole.
    struct Extract: Sendable {
        let package: String
        let path: String
        /// Its path, relative to the environment.
        let destination: String
    }

    /// As in `ogx`.
    let name: String
    let version: String
    /// The packages asked for; the pins give the versions of these and of all their dependencies.
    let packages: [String]
    /// `name==version`, one a line.
    let pins: String
    let extracts: [Extract]
    /// The program that must exist when it is complete, relative to the environment.
    let program: String

    /// `mlflow-3.17.2-0f6c…`: different pins give a different environment.
    var directoryName: String {
        let parts = packages + [pins] + extracts.map { "\($0.package) \($0.path) \($0.destination)" }
        return "\(name)-\(version)-\(StableHash.hexadecimal(parts.joined(separator: "\0")))"
    }
}

extension Recipe {
    /// MLflow's tracking server, which is also the client that loads logged agents.
    static func mlflow(_ version: String, pins: [UInt8]) -> Recipe {
        Recipe(
            name: "mlflow", version: version, packages: ["mlflow==\(version)"],
            pins: String(decoding: pins, as: UTF8.self), extracts: [], program: "bin/mlflow")
    }

    /// Llama Stack with the providers of the lab's configurations.
    /// - Parameter more: what a version needs in addition.
    static func llamaStack(_ version: String, pins: [UInt8], needing more: [String] = []) -> Recipe {
        Recipe(
            name: "llama-stack", version: version, packages: ["llama-stack==\(version)"] + providers + more,
            pins: String(decoding: pins, as: UTF8.self), extracts: [tokenizer], program: "bin/llama")
    }

    /// OGX with the providers of the lab's configuration.
    static let ogx = Recipe(
        name: "ogx", version: "1.5.0", packages: ["ogx==1.5.0"] + providers,
        pins: String(decoding: PackageResources.ogx_1_5_0_txt, as: UTF8.self), extracts: [tokenizer],
        program: "bin/ogx")

    private static let providers = [
        "faiss-cpu", "pypdf", "chardet", "mcp", "aiosqlite", "sqlalchemy[asyncio]", "numpy", "asyncpg",
    ]

    /// What servers would otherwise download when they start, or with their first document.
    private static let tokenizer = Extract(
        package: "litellm==1.109.1",
        path: "litellm/litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        destination: "share/tiktoken/9b5ad71b2ce5302211f9c61530b329a4922fc6a4")
}
