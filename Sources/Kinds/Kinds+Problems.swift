package import Engine
package import Language

extension Kinds {
    /// What is wrong between declarations, as far as the spec and its files tell; no server is contacted.
    package static func problems(in workflow: Workflow, _ folder: SpecFolder) -> [Diagnostic] {
        sharedNames(in: workflow) + unfitPrompts(in: workflow, folder)
    }

    /// Two declarations that would be one live object.
    private static func sharedNames(in workflow: Workflow) -> [Diagnostic] {
        let spaces = [
            [ExperimentResource.kind], [RegisteredModelResource.kind, PromptResource.kind],
        ]
        var problems: [Diagnostic] = []
        for kinds in spaces {
            var first: [String: Declaration] = [:]
            for declaration in workflow.declarations where kinds.contains(declaration.address.kind) {
                let name = declaration.spec.liveName(at: declaration.address)
                if let other = first[name] { problems.append(.sharedName(name, declaration, other)) }
                first[name] = first[name] ?? declaration
            }
        }
        return problems
    }

    /// Agents whose prompt, as the spec has it now, does not fit.
    private static func unfitPrompts(in workflow: Workflow, _ folder: SpecFolder) -> [Diagnostic] {
        workflow.specs(of: AgentSpec.self).compactMap { agent in
            guard case .prompt(let use) = agent.spec.instructions, use.version == nil,
                let prompt = workflow[Address(PromptResource.kind, use.name.value)]?.spec as? PromptSpec
            else { return nil }
            do throws(Diagnostic) {
                // A file that cannot be read is reported where it is named.
                guard let content = try? prompt.template.content(in: folder) else { return nil }
                _ = try use.instructions(from: content)
                return nil
            } catch {
                return error
            }
        }
    }
}

extension Diagnostic {
    fileprivate static func sharedName(_ name: String, _ declaration: Declaration, _ other: Declaration) -> Diagnostic {
        let isOneKind = declaration.address.kind == other.address.kind
        return Diagnostic(
            "shared-name", "Two declarations with one live name",
            detail: "`\(declaration.address)` and `\(other.address)` would both be named `\(name)`"
                + (isOneKind ? "." : ", and MLflow's prompts and registered models share their names."),
            fix: "Give one of them another `name`.", at: declaration.range ?? other.range,
            address: declaration.address.description,
            notes: [Note("The other one is declared here.", at: other.range)])
    }
}
