/// The servers of agents that a lab can run, one for each generation of the API.
package enum LabStack: String, Sendable, Hashable, Codable, CaseIterable {
    case v0_2_24 = "0.2.24"
    case v0_3_5 = "0.3.5"
    case v0_4_7 = "0.4.7"
    case v0_7_3 = "0.7.3"
    case ogx

    /// Product and version, as in `OGX 1.5.0`.
    package var title: String {
        switch self {
        case .v0_2_24, .v0_3_5, .v0_4_7, .v0_7_3: "Llama Stack \(rawValue)"
        case .ogx: "OGX 1.5.0"
        }
    }

    var recipe: Recipe {
        switch self {
        case .v0_2_24:
            .llamaStack(rawValue, pins: PackageResources.llama_stack_0_2_24_txt, needing: ["litellm"])
        case .v0_3_5: .llamaStack(rawValue, pins: PackageResources.llama_stack_0_3_5_txt)
        case .v0_4_7: .llamaStack(rawValue, pins: PackageResources.llama_stack_0_4_7_txt)
        case .v0_7_3: .llamaStack(rawValue, pins: PackageResources.llama_stack_0_7_3_txt)
        case .ogx: .ogx
        }
    }

    /// The lines of the configuration that it starts with.
    var configuration: String {
        let bytes =
            switch self {
            case .v0_2_24: PackageResources.llama_stack_0_2_24_yaml
            case .v0_3_5: PackageResources.llama_stack_0_3_5_yaml
            case .v0_4_7: PackageResources.llama_stack_0_4_7_yaml
            case .v0_7_3: PackageResources.llama_stack_0_7_3_yaml
            case .ogx: PackageResources.ogx_1_5_0_yaml
            }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The command that starts it, for an environment with its program.
    func words(in environment: String, configuration: String, port: String) -> [String] {
        switch self {
        case .v0_2_24, .v0_3_5, .v0_4_7, .v0_7_3:
            ["\(environment)/bin/llama", "stack", "run", configuration, "--port", port]
        case .ogx: ["\(environment)/bin/ogx", "run", configuration, "--port", port, "--insecure"]
        }
    }
}

/// The versions of MLflow that a lab can run.
package enum LabMLflow: String, Sendable, Hashable, Codable, CaseIterable {
    case v3_17_2 = "3.17.2"
    case v3_5_1 = "3.5.1"

    /// Product and version, as in `MLflow 3.17.2`.
    package var title: String { "MLflow \(rawValue)" }

    var recipe: Recipe {
        switch self {
        case .v3_17_2: .mlflow(rawValue, pins: PackageResources.mlflow_3_17_2_txt)
        case .v3_5_1: .mlflow(rawValue, pins: PackageResources.mlflow_3_5_1_txt)
        }
    }
}
