/// The server of agents that a lab runs: a tested version, or any other of the package index, which is then started as the
/// nearest tested one is.
package struct LabStack: LabVersion {
    /// The tested versions, one for each generation of the API.
    package enum Tested: String, Sendable, Hashable, CaseIterable {
        case v0_2_24 = "0.2.24"
        case v0_3_5 = "0.3.5"
        case v0_4_7 = "0.4.7"
        case v0_7_3 = "0.7.3"
        case v1_5_0 = "1.5.0"
    }

    package static let v0_2_24 = LabStack(.v0_2_24)
    package static let v0_3_5 = LabStack(.v0_3_5)
    package static let v0_4_7 = LabStack(.v0_4_7)
    package static let v0_7_3 = LabStack(.v0_7_3)
    package static let ogx = LabStack(.v1_5_0)
    package static let tested = Tested.allCases.map { LabStack($0) }

    package let version: String
    /// The tested version that it is started like.
    let nearest: Tested
    /// The tested version whose pins it is installed with.
    private let pinned: Tested

    private init(_ tested: Tested) {
        version = tested.rawValue
        nearest = tested
        pinned = tested
    }

    /// Reads a version, or `ogx` for the tested one.
    package init?(rawValue: String) {
        guard rawValue != "ogx" else {
            self = .ogx
            return
        }
        guard let numbers = Self.numbers(of: rawValue) else { return nil }
        version = rawValue
        (nearest, pinned) =
            switch (numbers[0], numbers[1]) {
            case (0, ...2): (.v0_2_24, .v0_2_24)
            case (0, 3): (.v0_3_5, .v0_3_5)
            case (0, 4): (.v0_4_7, .v0_4_7)
            case (0, 5...6): (.v0_4_7, .v0_7_3)
            case (0, 7): (.v0_7_3, .v0_7_3)
            // Those before 1.3 do not work with the later packages that they say they take.
            case (0, _), (1, ...2): (.v1_5_0, .v0_7_3)
            case _: (.v1_5_0, .v1_5_0)
            }
    }

    /// `ogx` for the tested version of OGX, which labs have always called so.
    package var rawValue: String { nearest == .v1_5_0 && isTested ? "ogx" : version }

    package var isTested: Bool { version == nearest.rawValue }

    package var product: String { nearest == .v1_5_0 ? "OGX" : "Llama Stack" }

    package var nearestTitle: String { "\(product) \(nearest.rawValue)" }

    var recipe: Recipe {
        let others = isTested ? [] : Tested.allCases.filter { $0 != pinned }.reversed().map(\.pins)
        let recipe =
            nearest == .v1_5_0
            ? Recipe.ogx(version, pins: pinned.pins)
            : Recipe.llamaStack(version, pins: pinned.pins, needing: nearest == .v0_2_24 ? ["litellm"] : [])
        return isTested ? recipe : recipe.untested(orPins: others, besides: parts)
    }

    /// Its own parts that are packages of their own since 0.4, each of the same version.
    private var parts: [String] {
        switch nearest {
        case .v0_2_24, .v0_3_5: []
        case .v0_4_7, .v0_7_3: ["llama-stack-api"]
        case .v1_5_0: ["ogx-api"]
        }
    }

    /// The lines of the configuration that it starts with.
    var configuration: String {
        let configuration = String(decoding: nearest.configuration, as: UTF8.self)
        guard nearest == .v0_4_7, pinned != nearest else { return configuration }
        // What 0.5 brought: another word for the name, and connectors.
        return configuration.replacing("\nimage_name:", with: "\ndistro_name:")
            + """
            connectors:
            - {connector_id: desk, connector_type: mcp, url: "${env.DROVER_LAB_MCP_URL}"}

            """
    }

    /// The command that starts it, for an environment with its program.
    func words(in environment: String, configuration: String, port: String) -> [String] {
        nearest == .v1_5_0
            ? ["\(environment)/bin/ogx", "run", configuration, "--port", port, "--insecure"]
            : ["\(environment)/bin/llama", "stack", "run", configuration, "--port", port]
    }
}

extension LabStack.Tested {
    fileprivate var pins: [UInt8] {
        switch self {
        case .v0_2_24: PackageResources.llama_stack_0_2_24_txt
        case .v0_3_5: PackageResources.llama_stack_0_3_5_txt
        case .v0_4_7: PackageResources.llama_stack_0_4_7_txt
        case .v0_7_3: PackageResources.llama_stack_0_7_3_txt
        case .v1_5_0: PackageResources.ogx_1_5_0_txt
        }
    }

    fileprivate var configuration: [UInt8] {
        switch self {
        case .v0_2_24: PackageResources.llama_stack_0_2_24_yaml
        case .v0_3_5: PackageResources.llama_stack_0_3_5_yaml
        case .v0_4_7: PackageResources.llama_stack_0_4_7_yaml
        case .v0_7_3: PackageResources.llama_stack_0_7_3_yaml
        case .v1_5_0: PackageResources.ogx_1_5_0_yaml
        }
    }
}

/// The version of MLflow that a lab runs: a tested one, or any other of the package index.
package struct LabMLflow: LabVersion {
    package static let v3_18_0 = LabMLflow(tested: "3.18.0")
    package static let v3_17_2 = LabMLflow(tested: "3.17.2")
    package static let v3_5_1 = LabMLflow(tested: "3.5.1")
    package static let tested = [v3_18_0, v3_17_2, v3_5_1]

    package let version: String

    private init(tested: String) {
        version = tested
    }

    package init?(rawValue: String) {
        guard Self.numbers(of: rawValue) != nil else { return nil }
        version = rawValue
    }

    package var rawValue: String { version }
    package var isTested: Bool { Self.tested.contains(self) }
    package var product: String { "MLflow" }
    package var nearestTitle: String { nearest.title }

    private var nearest: LabMLflow {
        let numbers = Self.numbers(of: version) ?? []
        return numbers.lexicographicallyPrecedes([3, 10]) ? .v3_5_1 : .v3_17_2
    }

    var recipe: Recipe {
        let pins = [
            Self.v3_17_2: PackageResources.mlflow_3_17_2_txt, Self.v3_5_1: PackageResources.mlflow_3_5_1_txt,
        ]
        guard self != .v3_18_0 else { return Self.v3_17_2.recipe.laidOver(byMLflow: version) }
        let recipe = Recipe.mlflow(version, pins: pins[nearest] ?? [])
        return isTested ? recipe : recipe.untested(orPins: [], besides: [])
    }
}
