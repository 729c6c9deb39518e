import FoundationEssentials
import Language
package import Runtime

/// The identity of an agent's version: a SHA-256 over the canonical JSON of the definition and all of the agent's code.
///
/// The address of Llama Stack does not count: an agent does not change when its server moves.
/// - Throws: `EncodingError` when the definition contains a number that JSON cannot express.
package func artifactDigest(_ definition: AgentDefinition) throws -> String {
    sha256Hex(Array(try definition.canonicalJSON.utf8) + Array(ModelFolder.codeDigest.utf8))
}

extension Kinds {
    /// The digest of the code that a logged agent runs with.
    package static var agentCodeDigest: String { ModelFolder.codeDigest }
}

/// The files of a logged agent, which any MLflow loads and serves without Drover.
struct ModelFolder {
    /// The code that runs the agent: the file that MLflow loads, and the modules that it imports.
    static let code: [(name: String, bytes: [UInt8])] = [
        ("agent.py", PackageResources.agent_py),
        ("drover_agent/agents.py", PackageResources.agents_py),
        ("drover_agent/chat.py", PackageResources.chat_py),
        ("drover_agent/citations.py", PackageResources.citations_py),
        ("drover_agent/guards.py", PackageResources.guards_py),
        ("drover_agent/items.py", PackageResources.items_py),
        ("drover_agent/llama_stack.py", PackageResources.llama_stack_py),
        ("drover_agent/loading.py", PackageResources.loading_py),
        ("drover_agent/responder.py", PackageResources.responder_py),
        ("drover_agent/responses.py", PackageResources.responses_py),
        ("drover_agent/secrets.py", PackageResources.secrets_py),
        ("drover_agent/server_agents.py", PackageResources.server_agents_py),
        ("drover_agent/spans.py", PackageResources.spans_py),
        ("drover_agent/tools.py", PackageResources.tools_py),
        ("drover_agent/turn_reader.py", PackageResources.turn_reader_py),
        ("drover_agent/turns.py", PackageResources.turns_py),
    ]

    static let codeDigest = sha256Hex(code.map { "\($0.name) \(sha256Hex($0.bytes))\n" }.joined().utf8)

    /// Names and contents.
    let files: [(name: String, bytes: [UInt8])]

    /// Writes the folder of a logged model.
    ///
    /// - Throws: `EncodingError` when the definition contains a number that JSON cannot express.
    init(of definition: AgentDefinition, llamaStackURL: String, modelID: String, runID: String, created: Int) throws {
        let place: Value = ["baseUrl": .string(llamaStackURL)]
        let values = ["@MODEL_ID@": modelID, "@RUN_ID@": runID, "@CREATED@": Self.spelled(created)]
        let model = values.reduce(String(decoding: PackageResources.MLmodel, as: UTF8.self)) { text, value in
            text.replacing(value.key, with: value.value)
        }
        files =
            [("MLmodel", Array(model.utf8))] + Self.code + [
                (AgentVersion.definitionFile, Array(try definition.canonicalJSON.utf8)),
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
