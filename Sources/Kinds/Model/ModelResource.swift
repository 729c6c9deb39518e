package import Engine
package import Language
import Wire

/// Declared models: names for what the server offers. They live in what uses them and never appear in a plan.
package struct ModelResource: Resource {
    package static let kind = "models"
    package typealias Live = Never

    /// A model as others use it.
    package struct Desired: Sendable {
        var id: String
    }

    private let models: ModelListing

    package init(_ models: ModelListing) {
        self.models = models
    }

    /// - Throws: `Diagnostic` with the nearest names when the server does not offer the model.
    package func desired(
        _ spec: ModelSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        try await models.require(spec.id, for: spec.type?.value == "embedding" ? "to embed with" : "to answer with")
        return Wanted(Desired(id: spec.id.value))
    }

    package func inlineOutputs(of desired: Desired) -> [String: Value]? {
        ["id": .string(desired.id)]
    }
}

extension Outputs {
    /// The server's id of a model that a field names: the declared model's, or else the name itself.
    func modelID(_ name: Located<String>) -> Located<String> {
        Located(value("id", of: Address(ModelResource.kind, name.value))?.string ?? name.value, at: name.range)
    }
}
