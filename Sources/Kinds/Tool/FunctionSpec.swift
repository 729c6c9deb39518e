import Engine
import Language
import Wire

/// A function that a model may call and that drover executes.
///
///     function:
///       description: Current weather of a city
///       parameters: {type: object, properties: {city: {type: string}}, required: [city]}
///       http: {url: "http://localhost:7000/weather", timeout: 5s}
struct FunctionSpec: SpecDecodable {
    static let noun = "a function"
    private static let descriptionKey = Key<String>(
        "description", .someText, required: true, example: "Current weather of a city",
        "What it does; the model decides by it when to call.")
    private static let parametersKey = Key<Value>(
        "parameters", .map, required: true, example: "{type: object, properties: {city: {type: string}}}",
        "The JSON schema of its arguments.")
    private static let httpKey = Key<FunctionHTTP>("http", .object(), "Called by a request with the arguments as JSON.")
    private static let execKey = Key<FunctionProgram>(
        "exec", .object(), "Called as a program with the arguments as JSON on its standard input.")
    static let fields = [descriptionKey.field, parametersKey.field, httpKey.field, execKey.field]
    static let rules = [FieldRule.atMostOne(["http", "exec"])]

    let description: String
    let parameters: Value
    let http: FunctionHTTP?
    let program: FunctionProgram?

    init(from fields: inout Fields) {
        description = fields.require(Self.descriptionKey, else: "")
        parameters = fields.require(Self.parametersKey, else: [:])
        http = fields.read(Self.httpKey)
        program = fields.read(Self.execKey)
    }
}

/// How a function is called over HTTP.
struct FunctionHTTP: SpecDecodable {
    static let noun = "an HTTP function"
    private static let urlKey = Key<Located<String>>(
        "url", .located(.someText).shaped(.text(pattern: WebAddress.pattern)), required: true,
        example: "http://localhost:7000/weather", "Where it is asked.")
    private static let methodKey = Key<String>(
        "method", .choice(["GET", "POST", "PUT", "PATCH", "DELETE"]), default: "POST", "The method of the request.")
    private static let headersKey = Key<[Entry<HeaderSpec>]>(
        "headers", HeaderSpec.map, "Further headers; a secret one is `{env: NAME}`.")
    private static let timeoutKey = Key<Duration>("timeout", .duration, default: "30s", "How long an answer may take.")
    static let fields = [urlKey.field, methodKey.field, headersKey.field, timeoutKey.field]

    let url: Located<String>?
    let method: String
    let headers: [Entry<HeaderSpec>]
    let timeout: Duration

    init(from fields: inout Fields) {
        url = fields.read(Self.urlKey)
        method = fields.read(Self.methodKey) ?? "POST"
        headers = fields.read(Self.headersKey) ?? []
        timeout = fields.read(Self.timeoutKey) ?? .seconds(30)
        if let url { WebAddress.check(url, &fields.problems) }
    }
}

/// How a function is called as a program.
struct FunctionProgram: SpecDecodable {
    static let noun = "an `exec` function"
    private static let commandKey = Key<Located<[String]>>(
        "command", .located(.list(.someText, minimum: 1).shaped(.command)), required: true,
        example: "[./weather.sh, --json]",
        "The program and its arguments; run beside this file.")
    private static let timeoutKey = Key<Duration>("timeout", .duration, default: "30s", "How long it may run.")
    static let fields = [commandKey.field, timeoutKey.field]

    let command: Located<[String]>
    let timeout: Duration

    init(from fields: inout Fields) {
        let missing = Located([String](), at: fields.node.range)
        command = fields.require(Self.commandKey, else: missing)
        timeout = fields.read(Self.timeoutKey) ?? .seconds(30)
    }
}

/// A tool of the server: `{id: builtin::rag/knowledge_search, args: {…}}`.
struct ToolGroupSpec: SpecDecodable {
    static let noun = "a tool group"
    private static let idKey = Key<String>(
        "id", .someText, required: true, example: "builtin::rag/knowledge_search", "The server's id of it.")
    private static let argumentsKey = Key<Node>(
        "args", .mapNode, example: "{vector_db_ids: [\"${vectorStores.handbook.id}\"]}",
        "Arguments of every call; they may hold outputs of declared things.")
    static let fields = [idKey.field, argumentsKey.field]

    let id: String
    /// Its references to outputs are not resolved.
    let arguments: Node?

    init(from fields: inout Fields) {
        id = fields.require(Self.idKey, else: "")
        arguments = fields.read(Self.argumentsKey)
    }
}
