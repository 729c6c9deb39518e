import FoundationEssentials
import Language
package import Runtime

/// The identity of an agent's version: a SHA-256 over the canonical JSON of the definition and the agent's code.
///
/// Where Llama Stack is does not count: an agent does not change when its server moves.
/// - Throws: `EncodingError` when the definition holds a number that JSON does not know.
package func artifactDigest(_ definition: AgentDefinition) throws -> String {
    sha256Hex(Array(try definition.canonicalJSON.utf8) + PackageResources.agent_py)
}

/// The files that make a logged agent, which any MLflow loads and serves without Drover.
struct ModelFolder {
    static let definitionFile = "definition.json"

    /// Names and contents, in the order of the names.
    let files: [(name: String, bytes: [UInt8])]

    /// Writes the folder of a logged model.
    ///
    /// - Throws: `EncodingError` when the definition holds a number that JSON does not know.
    init(of definition: AgentDefinition, llamaStackURL: String, modelID: String, runID: String, created: Int) throws {
        let place: Value = ["baseUrl": .string(llamaStackURL)]
        let values = ["@MODEL_ID@": modelID, "@RUN_ID@": runID, "@CREATED@": Self.spelled(created)]
        let model = values.reduce(String(decoding: PackageResources.MLmodel, as: UTF8.self)) { text, value in
            text.replacing(value.key, with: value.value)
        }
        files = [
            ("MLmodel", Array(model.utf8)),
            ("agent.py", PackageResources.agent_py),
            (Self.definitionFile, Array(try definition.canonicalJSON.utf8)),
            ("llamastack.json", Array(place.canonicalJSON.utf8)),
            ("python_env.yaml", PackageResources.python_env_yaml),
            ("requirements.txt", PackageResources.requirements_txt),
        ]
    }

    /// A time in milliseconds since 1970 as MLflow writes it: `2026-01-01 00:00:00.000000`.
    private static func spelled(_ milliseconds: Int) -> String {
        let style = Date.ISO8601FormatStyle().year().month().day().dateTimeSeparator(.space)
            .time(includingFractionalSeconds: true)
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(style) + "000"
    }
}
