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
    static func mlflow(_ version: String, pins: [UInt8]) -> Recipe {
        Recipe(
            name: "mlflow", version: version, packages: ["mlflow==\(version)"],
            pins: String(decoding: pins, as: UTF8.self), extracts: [], program: "bin/mlflow")
    }

    /// Llama Stack with the providers of the lab's configurations.
    /// - Parameter more: what a version needs beside.
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

    /// What servers would otherwise download at their start, or with their first document.
    private static let tokenizer = Extract(
        package: "litellm==1.109.1",
        path: "litellm/litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        destination: "share/tiktoken/9b5ad71b2ce5302211f9c61530b329a4922fc6a4")
}
