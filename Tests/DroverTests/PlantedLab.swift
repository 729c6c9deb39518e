import FoundationEssentials
import Language
import Support
import Testing
import Wire

/// Secrets that real servers of a lab are sent, and everything that the lab keeps: its file, logs, databases and artifacts.
struct PlantedLab {
    /// By the variable that each is read from; the last two are the ecosystem's own.
    static let secrets = [
        "PLANT_PROVIDER": "planted/provider+4711", "PLANT_TOKEN": "planted=token&4712",
        "PLANT_HEADER": "planted\"header-4713", "PLANT_FUNCTION": "planted function 4714",
        "LLAMASTACK_API_KEY": "canary-4711-do-not-print", "MLFLOW_TRACKING_TOKEN": "canary-4712-do-not-print",
    ]

    private static let spec = """
        drover: v1
        stack: planted
        servers: {llamastack: {providerData: {some_api_key: {env: PLANT_PROVIDER}}}}
        experiments: {planted: {onDelete: delete}}
        tools:
          tickets:
            mcp:
              url: ${env.DROVER_LAB_MCP_URL}
              token: {env: PLANT_TOKEN}
              headers: {X-Plant: {env: PLANT_HEADER}}
              allow: [ticket_create, ticket_search]
          weather:
            function:
              description: Weather
              parameters: {type: object, properties: {city: {type: string}}}
              http: {url: "http://127.0.0.1:9/weather", headers: {X-Plant: {env: PLANT_FUNCTION}}}
        agents:
          support: {model: lab/llm, instructions: Be brief., tools: [tickets, weather], log: {experiment: planted}}
        suites:
          smoke: {agent: support, cases: [{name: any, input: Hello, expect: [{length: {min: 1}}]}]}

        """

    let drover: DroverProgram

    /// Brings a stack that is full of secrets, tries it, and takes it away.
    func tell(in directory: String) async throws {
        try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/planted.yaml"))
        for arguments in [
            ["up", "planted.yaml", "--yes", "--report", "html=planted.html"],
            ["invoke", "support", "Open a ticket: my tent leaks", "--spec", "planted.yaml"],
            ["plan", "planted.yaml", "--out", "planted.json"], ["history", "show", "1", "planted.yaml"],
            ["drift", "planted.yaml"], ["destroy", "planted.yaml", "--yes"],
        ] {
            let ended = try await drover.run(DroverProgram.path, arguments)
            let output = ended.output + ended.errors
            #expect([0, 4].contains(ended.code), "\(arguments): \(output)")
            for spelling in Self.spellings { #expect(!output.contains(spelling), "\(arguments): \(output)") }
        }
        try await search(directory)
    }

    /// No file of the directory, in which also the lab is, holds one of the secrets.
    func search(_ directory: String) async throws {
        let patterns = Self.spellings.flatMap { ["-e", $0] }
        let found = try await drover.run("/usr/bin/env", ["grep", "-rlF"] + patterns + [directory])
        #expect(found.code == 1, "A secret stands in: \(found.output)")
    }

    /// As they are, as JSON, URLs and hexadecimal spell them, and in base64 wherever it begins.
    private static let spellings = Set(
        secrets.values.flatMap { secret in
            let encoded = (0..<3).map { offset in
                let bytes = [UInt8](repeating: 0x20, count: offset) + Array(secret.utf8)
                return String(Data(bytes).base64EncodedString().dropFirst(offset == 0 ? 0 : 4).prefix(12))
            }
            let hexadecimal = secret.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let written = String(Value.string(secret).canonicalJSON.dropFirst().dropLast())
            return encoded + [secret, written, PercentEncoding.segment(secret), hexadecimal]
        }
    ).sorted()
}
