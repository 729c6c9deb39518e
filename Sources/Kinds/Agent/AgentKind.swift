import Engine
import Language

extension Kind {
    /// Their versions are logged in experiments and registered models, which are declared at least implicitly.
    static let agents = Kind(
        Section(AgentResource.kind, AgentSpec.self, "Agents."), home: .llamaStack,
        driver: { context in
            let aliased = AliasedAgents(context)
            return context.llamaStack.map { llamaStack in
                ResourceDriver(
                    AgentResource(
                        llamaStack.server, mlflow: context.servers.mlflow, registry: context.mlflow?.registry,
                        stack: context.servers.stack, folder: context.servers.folder, models: llamaStack.models,
                        runtimes: llamaStack.runtimes, commit: context.servers.commit,
                        retained: context.workflow.retainedCounts, modelNames: context.workflow.registeredModelNames,
                        inUse: { try await aliased.serverAgents(after: $0) }))
            }
        },
        conflicts: unfitPrompts(among:_:))

    /// Agents whose prompt, as it is in the spec now, does not fit.
    @Sendable
    fileprivate static func unfitPrompts(among declarations: Declarations, _ folder: SpecFolder) -> [Diagnostic] {
        var prompts: [String: PromptSpec] = [:]
        for (declaration, prompt) in declarations.specs(of: PromptSpec.self) {
            prompts[declaration.address.name] = prompt
        }
        guard !prompts.isEmpty else { return [] }
        return declarations.specs(of: AgentSpec.self).compactMap { _, agent in
            guard !agent.areInstructionsDoubtful,
                case .prompt(let use) = agent.instructions, use.version == nil,
                let prompt = prompts[use.name.value], !prompt.isTemplateDoubtful
            else { return nil }
            do throws(Diagnostic) {
                // An unreadable file is reported where it is named.
                guard let content = try? prompt.template.content(in: folder) else { return nil }
                _ = try use.instructions(from: content)
                return nil
            } catch {
                return error
            }
        }
    }
}

extension Workflow {
    /// The live names of the registered models.
    fileprivate var registeredModelNames: [Address: String] {
        specs(of: RegisteredModelSpec.self).reduce(into: [:]) { names, each in
            names[each.declaration.address] = each.spec.liveName(at: each.declaration.address)
        }
    }
}
