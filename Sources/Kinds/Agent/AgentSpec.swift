package import Engine
package import Language
import Runtime

/// An agent: a model with instructions and tools.
///
///     agents:
///       support: {model: llama3.2:3b, instructions: Be brief., tools: [knowledge]}
package struct AgentSpec: DeclaredSpec {
    package static let noun = "an agent"
    private static let modelKey = Key<Located<String>>(
        "model", .name(of: "models", orID: true), required: true, example: "ollama/llama3.2:1b",
        "The model: a declared model's name, or a server's id.")
    private static let instructionsKey = Key<InstructionsSpec>(
        "instructions", InstructionsSpec.reading, required: true, example: "You answer questions about orders.",
        "What the agent is told to do: text, `{file: PATH}`, or `{prompt: NAME}`.")
    private static let toolsKey = Key<[Located<String>]>(
        "tools", .list(.name(of: ToolResource.kind)), example: "[knowledge]", "The tools that it may use.")
    private static let samplingKey = Key<SamplingSpec>("sampling", .object(), "How the model chooses its words.")
    private static let stepsKey = Key<Int>(
        "maxSteps", .integer(minimum: 1, maximum: 1000), default: "10", "The most model calls for one answer.")
    private static let choiceKey = Key<Located<String>>(
        "toolChoice", .located(.someText), default: "auto",
        "Which tools must be called: `auto`, `required`, `none`, or the name of one of its tools.")
    private static let inputShieldsKey = Key<[Located<String>]>(
        "inputShields", .list(.name(of: ShieldResource.kind)), example: "[guard]", "The shields that look at questions."
    )
    private static let outputShieldsKey = Key<[Located<String>]>(
        "outputShields", .list(.name(of: ShieldResource.kind)), example: "[guard]", "The shields that look at answers.")
    private static let formatKey = Key<ResponseFormatSpec>(
        "responseFormat", .object(), example: "{jsonSchema: {type: object}}", "What every answer must look like.")
    private static let existingKey = Key<ExistingAgentSpec>(
        "existing", .object(), example: "{id: \"${env.LLAMASTACK_AGENT_ID:-}\"}",
        "An agent of the server that is used and never changed, where its id is not empty.")
    private static let runtimeKey = Key<Located<String>>(
        "runtime", .located(.choice(["auto", "responses", "agents", "chat"])), default: "auto",
        "How the agent is run; `auto` takes the newest way that the server offers.")
    private static let metadataKey = Key<[Entry<String>]>("metadata", .tags, "Notes that travel with it.")
    private static let logKey = Key<LogSpec>(
        "log", LogSpec.reading, "Where it is logged in MLflow; `false` keeps it out.")
    private static let ignoreKey = Common.ignoreKey(.field("description"), .map("log.tags"))
    package static let fields =
        Common.fields + [
            ignoreKey.field,
            modelKey.field, instructionsKey.field, toolsKey.field, samplingKey.field, stepsKey.field, choiceKey.field,
            inputShieldsKey.field, outputShieldsKey.field, formatKey.field, runtimeKey.field, metadataKey.field,
            logKey.field, existingKey.field,
        ]

    package let common: Common
    let model: Located<String>
    let instructions: InstructionsSpec
    /// Whether the instructions contain a mistake.
    let areInstructionsDoubtful: Bool
    let tools: [Located<String>]
    let sampling: AgentDefinition.Sampling?
    let maxSteps: Int
    let toolChoice: String?
    let inputShields: [Located<String>]
    let outputShields: [Located<String>]
    /// The JSON schema of answers; nil when they are text.
    let responseFormat: Value?
    let metadata: [String: String]
    let log: LogSpec
    /// Whether `log` contains a mistake, so that the agent may be logged elsewhere.
    private let isLogDoubtful: Bool
    /// nil for `auto`.
    let runtime: AgentDefinition.Runtime?
    /// The server's id of an existing agent that is used; nil when it is created from this spec.
    let existing: Located<String>?

    package init(from fields: inout Fields) {
        var common = Common(from: &fields, ignoring: Self.ignoreKey)
        common.left = common.left.renaming("log.tags", to: "tags")  // As plans call them.
        self.common = common
        let missing = Located("", at: fields.node.range)
        model = fields.require(Self.modelKey, else: missing)
        instructions = fields.require(Self.instructionsKey, else: .text(""))
        areInstructionsDoubtful = fields.isDoubtful(Self.instructionsKey)
        tools = fields.read(Self.toolsKey) ?? []
        sampling = fields.read(Self.samplingKey)?.sampling
        maxSteps = fields.read(Self.stepsKey) ?? 10
        let choice = fields.read(Self.choiceKey)
        toolChoice = choice?.value
        inputShields = fields.read(Self.inputShieldsKey) ?? []
        outputShields = fields.read(Self.outputShieldsKey) ?? []
        responseFormat = fields.read(Self.formatKey)?.jsonSchema
        let runtime = fields.read(Self.runtimeKey)
        self.runtime = runtime.flatMap { AgentDefinition.Runtime(rawValue: $0.value) }
        existing = fields.read(Self.existingKey)?.id.flatMap { $0.value.isEmpty ? nil : $0 }
        metadata = (fields.read(Self.metadataKey) ?? []).dictionary
        log = fields.read(Self.logKey) ?? .at(LogFields())
        isLogDoubtful = fields.isDoubtful(Self.logKey)
        if let choice, let problem = Self.problem(with: choice, among: tools.map(\.value)) {
            fields.problems.report(problem)
        }
        if let runtime, let existing, ["responses", "chat"].contains(runtime.value) {
            fields.problems.report(.unaskedAgent(existing, runtime))
        }
    }

    private static func problem(with choice: Located<String>, among tools: [String]) -> Diagnostic? {
        let options = ["auto", "required", "none"] + tools
        guard !options.contains(choice.value) else { return nil }
        return Diagnostic(
            "unknown-choice", "Unknown choice", detail: "`\(choice.value)` is not one of \(options.listed).",
            fix: Suggestion.nearest(to: choice.value, among: options).map { "Did you mean `\($0)`?" }
                ?? "Use one of them, or add the tool to `tools`.", at: choice.range)
    }

    package var uses: [Use] {
        var uses = model.uses(ModelResource.kind, orID: true) + tools.map { Use(ToolResource.kind, $0) }
        uses += (inputShields + outputShields).map { Use(ShieldResource.kind, $0) }
        if case .prompt(let prompt) = instructions { uses.append(Use(PromptSpec.kind, prompt.name)) }
        guard case .at(let log) = log else { return uses }
        if let experiment = log.experiment { uses.append(Use(ExperimentResource.kind, experiment)) }
        if let registeredModel = log.registeredModel {
            uses.append(Use(RegisteredModelResource.kind, registeredModel))
        }
        return uses
    }

    /// The experiment and the registered model that an agent is logged in: as declared, or `<stack>` and
    /// `<stack>-<agent>`. nil when it is not logged.
    func place(at address: Address, in stack: StackName) -> (experiment: Address, registeredModel: Address)? {
        guard case .at(let log) = log else { return nil }
        return (
            Address(ExperimentResource.kind, log.experiment?.value ?? stack.name),
            Address(RegisteredModelResource.kind, log.registeredModel?.value ?? "\(stack)-\(address.name)")
        )
    }

    package func implied(at address: Address, in stack: StackName) -> [Address: any DeclaredSpec] {
        guard case .at(let log) = log, let place = place(at: address, in: stack) else { return [:] }
        // A named one is declared, or the name is a mistake.
        var implied: [Address: any DeclaredSpec] = [:]
        if log.experiment == nil {
            implied[place.experiment] = ExperimentSpec(name: place.experiment.name, isDoubtful: isLogDoubtful)
        }
        if log.registeredModel == nil {
            implied[place.registeredModel] = RegisteredModelSpec(
                name: place.registeredModel.name, isDoubtful: isLogDoubtful)
        }
        return implied
    }

    package func impliedUses(at address: Address, in stack: StackName) -> [Use] {
        guard let place = place(at: address, in: stack) else { return [] }
        return [Use(implied: place.experiment), Use(implied: place.registeredModel)]
    }
}

extension Diagnostic {
    fileprivate static func unaskedAgent(_ id: Located<String>, _ runtime: Located<String>) -> Diagnostic {
        Diagnostic(
            "unasked-agent", "An agent of the server that would not be asked",
            detail:
                "`existing` names the agent `\(id.value)` of the server, and `runtime: \(runtime.value)` asks none.",
            fix: "Leave `runtime` out, or `existing`.", at: runtime.range,
            notes: [Note("The agent is named here.", at: id.range)])
    }
}

/// The instructions of an agent.
package enum InstructionsSpec: Sendable {
    case text(String)
    case file(Located<String>)
    case prompt(PromptUse)

    static let reading = Reading<InstructionsSpec>.either(
        [
            Reading<String>.someText.map { text, _, _ in .text(text) },
            Reading<InstructionSource>.object().map { source, _, _ in source.instructions },
        ], expected: "text, or a map with `file` or `prompt`")
}

/// `{file: PATH}`: text in a file of its own.
struct TextFile: SpecDecodable {
    static let noun = "a text file"
    private static let fileKey = Key<Located<String>>(
        "file", .path, required: true, example: "prompts/support.md", "The file that holds the text.")
    static let fields = [fileKey.field]

    let path: Located<String>

    init(from fields: inout Fields) {
        let missing = Located("", at: fields.node.range)
        path = fields.require(Self.fileKey, else: missing)
    }
}

/// How the model samples its output.
struct SamplingSpec: SpecDecodable {
    static let noun = "a sampling"
    private static let temperatureKey = Key<Double>(
        "temperature", .number(minimum: 0, maximum: 2), "From 0 (the likeliest word) up to 2.")
    private static let topPKey = Key<Double>(
        "topP", .number(minimum: 0, maximum: 1), "Only words within this share of the probability.")
    private static let tokensKey = Key<Int>("maxTokens", .integer(minimum: 1), "The most tokens of an answer.")
    private static let stopKey = Key<[String]>("stop", .list(.someText), "Texts at which the answer ends.")
    private static let seedKey = Key<Int>("seed", .integer(), "Makes the choice repeatable, where the server can.")
    static let fields = [temperatureKey.field, topPKey.field, tokensKey.field, stopKey.field, seedKey.field]

    let sampling: AgentDefinition.Sampling

    init(from fields: inout Fields) {
        sampling = AgentDefinition.Sampling(
            temperature: fields.read(Self.temperatureKey), topP: fields.read(Self.topPKey),
            maxTokens: fields.read(Self.tokensKey), stop: fields.read(Self.stopKey), seed: fields.read(Self.seedKey))
    }
}

/// Where an agent is logged.
package enum LogSpec: Sendable {
    case nowhere
    case at(LogFields)

    var isNowhere: Bool {
        switch self {
        case .nowhere: true
        case .at: false
        }
    }

    static let reading = Reading<LogSpec>.either(
        [
            Reading<Bool>.boolean.map { isLogged, _, _ in isLogged ? .at(LogFields()) : .nowhere },
            Reading<LogFields>.object().map { fields, _, _ in .at(fields) },
        ], expected: "`false`, or a map with `experiment` and `registeredModel`")
}

/// The places of an agent's versions in MLflow.
package struct LogFields: SpecDecodable {
    package static let noun = "a log place"
    private static let experimentKey = Key<Located<String>>(
        "experiment", .name(of: ExperimentResource.kind), "The declared experiment; by default one named as the stack.")
    private static let modelKey = Key<Located<String>>(
        "registeredModel", .name(of: RegisteredModelResource.kind),
        "The declared registered model; by default one named `<stack>-<agent>`.")
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .tags(of: MLflowRules.version), "Tags of each version.")
    package static let fields = [experimentKey.field, modelKey.field, tagsKey.field]

    let experiment: Located<String>?
    let registeredModel: Located<String>?
    let tags: [String: String]

    init() {
        experiment = nil
        registeredModel = nil
        tags = [:]
    }

    package init(from fields: inout Fields) {
        experiment = fields.read(Self.experimentKey)
        registeredModel = fields.read(Self.modelKey)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
    }
}
