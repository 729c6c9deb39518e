package import Engine
package import Language

extension Kinds {
    /// What is wrong between declarations, as far as they and their files tell; no server is contacted. What has a
    /// mistake in it is left out where that might be the reason.
    @Sendable
    package static func conflicts(_ declarations: [Declaration], _ folder: SpecFolder) -> [Diagnostic] {
        sharedNames(among: declarations) + unfitPrompts(among: declarations, folder)
    }

    /// Two declarations that would be one live object.
    private static func sharedNames(among declarations: [Declaration]) -> [Diagnostic] {
        let spaces = [
            [ExperimentResource.kind], [RegisteredModelResource.kind, PromptResource.kind],
        ]
        var problems: [Diagnostic] = []
        for kinds in spaces {
            var first: [String: Declaration] = [:]
            for declaration in declarations where kinds.contains(declaration.address.kind) {
                guard let name = declaration.certainName else { continue }
                if let other = first[name] { problems.append(.sharedName(name, declaration, other)) }
                first[name] = first[name] ?? declaration
            }
        }
        return problems
    }

    /// Agents whose prompt, as the spec has it now, does not fit.
    private static func unfitPrompts(among declarations: [Declaration], _ folder: SpecFolder) -> [Diagnostic] {
        var prompts: [String: PromptSpec] = [:]
        for declaration in declarations {
            guard let prompt = declaration.spec as? PromptSpec else { continue }
            prompts[declaration.address.name] = prompt
        }
        guard !prompts.isEmpty else { return [] }
        return declarations.compactMap { declaration in
            guard let agent = declaration.spec as? AgentSpec, !agent.areInstructionsDoubtful,
                case .prompt(let use) = agent.instructions, use.version == nil,
                let prompt = prompts[use.name.value], !prompt.isTemplateDoubtful
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

extension Declaration {
    /// The live name; nil when a mistake hides it.
    fileprivate var certainName: String? {
        guard !spec.common.isNameDoubtful else { return nil }
        // A declared name that must be changed is a live name only where the field `name` says so.
        guard spec.common.name != nil || DeclaredName.isValid(address.name) else { return nil }
        return spec.liveName(at: address)
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
