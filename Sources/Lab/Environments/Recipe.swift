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
    var pins: String
    /// Other pins, to be tried in order when packages cannot be had with these.
    var otherPins: [String] = []
    /// Installed over all that, without their own dependencies: for a version whose dependencies cannot be had.
    var overlay: [String] = []
    let extracts: [Extract]
    /// The program that must exist when it is complete, relative to the environment.
    let program: String

    /// `mlflow-3.17.2-0f6c…`: different pins give a different environment.
    var directoryName: String {
        let parts =
            packages + [pins] + otherPins + overlay
            + extracts.map { "\($0.package) \($0.path) \($0.destination)" }
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

    /// The same with another version of MLflow laid over it. The wheel of 3.18.0 holds all of it; its parts of their own,
    /// `mlflow-skinny` and `mlflow-tracing`, are not on the index.
    func laidOver(byMLflow version: String) -> Recipe {
        var recipe = Recipe(
            name: name, version: version, packages: packages, pins: pins, extracts: extracts, program: program)
        recipe.overlay = ["mlflow==\(version)"]
        return recipe
    }

    /// Llama Stack with the providers of the lab's configurations.
    /// - Parameter more: what a version needs in addition.
    static func llamaStack(_ version: String, pins: [UInt8], needing more: [String] = []) -> Recipe {
        Recipe(
            name: "llama-stack", version: version, packages: ["llama-stack==\(version)"] + providers + more,
            pins: String(decoding: pins, as: UTF8.self), extracts: [tokenizer], program: "bin/llama")
    }

    /// OGX with the providers of the lab's configuration.
    static func ogx(_ version: String, pins: [UInt8]) -> Recipe {
        Recipe(
            name: "ogx", version: version, packages: ["ogx==\(version)"] + providers,
            pins: String(decoding: pins, as: UTF8.self), extracts: [tokenizer], program: "bin/ogx")
    }

    /// For a version that has no pins of its own: those of other versions are tried, and in the end none.
    /// - Parameter parts: packages that have to have the same version, although it does not say so itself.
    func untested(orPins others: [[UInt8]], besides parts: [String]) -> Recipe {
        let own = [
            "llama-stack", "llama-stack-api", "llama-stack-client", "ogx", "ogx-api", "ogx-client", "mlflow",
            "mlflow-skinny", "mlflow-tracing",
        ]
        let equal = parts.map { "\($0)==\(version)" }
        func loose(_ pins: String) -> String {
            let rest = pins.split(separator: "\n").map(String.init).filter { line in
                !own.contains(String(line.prefix { $0 != "=" }))
            }
            return (equal + rest).joined(separator: "\n")
        }
        var recipe = self
        recipe.pins = loose(pins)
        recipe.otherPins = others.map { loose(String(decoding: $0, as: UTF8.self)) }
        if !equal.isEmpty { recipe.otherPins.append(loose("")) }
        recipe.otherPins.append("")
        return recipe
    }

    /// Pins without those that an installer quotes when it says why it cannot install; nil when it quotes none.
    static func relaxed(_ pins: String, by output: String) -> String? {
        let quoted = Set(
            output.lowercased().split { $0.isWhitespace || ",()`".contains($0) }.map { word in
                word.last == "." ? word.dropLast() : word
            })
        let lines = pins.split(separator: "\n").map(String.init)
        let rest = lines.filter { !quoted.contains($0.lowercased()[...]) }
        return rest.count < lines.count ? rest.joined(separator: "\n") : nil
    }

    private static let providers = [
        "faiss-cpu", "pypdf", "chardet", "mcp", "aiosqlite", "sqlalchemy[asyncio]", "numpy", "asyncpg",
    ]

    /// What servers would otherwise download when they start, or with their first document.
    private static let tokenizer = Extract(
        package: "litellm==1.109.1",
        path: "litellm/litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        destination: "share/tiktoken/9b5ad71b2ce5302211f9c61530b329a4922fc6a4")
}
