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
                        retained: context.workflow.retainedCounts,
                        inUse: { try await aliased.serverAgents(after: $0) }))
            }
        },
        conflicts: unfitPrompts(among:_:))

    /// Agents whose prompt, as it is in the spec now, does not fit.
    @Sendable
    fileprivate static func unfitPrompts(among declarations: [Declaration], _ folder: SpecFolder) -> [Diagnostic] {
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
