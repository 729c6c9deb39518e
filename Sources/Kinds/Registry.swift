import Engine
import Language
package import Wire

/// The registry of an MLflow server; each of its listings is requested once per run. Models and prompts share a name
/// space.
package struct Registry: Sendable {
    /// All registered models that are not prompts.
    let models: Once<[MLflowRegisteredModel]>
    let prompts: Once<[MLflowRegisteredModel]>
    /// All versions of all prompts, newest first.
    let promptVersions: Once<[MLflowModelVersion]>

    package init(_ server: MLflowServer) {
        models = Once { try await server.registeredModels() }
        prompts = Once { try await server.prompts() }
        promptVersions = Once { try await server.promptVersions() }
    }

    /// Checks that no prompt has the name of a registered model to be created.
    /// - Throws: `Diagnostic` (`conflict`) that names the owner.
    func requireNoPrompt(named name: String, for address: Address) async throws {
        if try await models.value().contains(where: { $0.name == name }) { return }
        guard try await prompts.value().contains(where: { $0.name == name }) else { return }
        throw Diagnostic.nameTaken(name, by: "a prompt", address)
    }

    /// Checks that no registered model has the name of a prompt to be created.
    /// - Throws: `Diagnostic` (`conflict`) that names the owner.
    func requireNoModel(named name: String, for address: Address) async throws {
        if try await prompts.value().contains(where: { $0.name == name }) { return }
        guard try await models.value().contains(where: { $0.name == name }) else { return }
        throw Diagnostic.nameTaken(name, by: "a registered model", address)
    }
}

extension MLflowServer {
    /// Renames a registered model or a prompt.
    /// - Throws: `WireError`; `Diagnostic` (`conflict`) when the name is taken.
    func renameRegisteredModel(_ name: String, to newName: String, for address: Address) async throws {
        do {
            try await renameRegisteredModel(name, to: newName)
        } catch let error as WireError where error.isAlreadyThere {
            throw Diagnostic.nameTaken(newName, by: "a registered model or a prompt", address)
        }
    }
}

extension Diagnostic {
    /// The name is taken by an object of the other kind.
    static func nameTaken(_ name: String, by holder: String, _ address: Address) -> Diagnostic {
        Diagnostic(
            "name-taken", "The name is taken",
            detail: "`\(address)` would be named `\(name)`, and MLflow has \(holder) of that name already: prompts and "
                + "registered models share their names.",
            fix: "Give the declaration another `name`.", address: address.description, cause: .conflict)
    }
}
