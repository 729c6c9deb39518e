import Kinds
import Language
import Runtime
import Suites
import Wire

extension Advisers {
    /// What suites may ask about answers: judges and embedding models of the session's server, and programs where they are
    /// allowed.
    static func at(_ session: Session, _ stack: Stack, allowsPrograms: Bool) -> Advisers {
        let workflow = session.workflow
        // Bounded by the time of an inquiry, as the questions to agents are by that of a case.
        let server = session.servers.llamaStack?.waitingWhenPutOff
        let (folder, environment) = (stack.folder, stack.environment)
        let program: Program = { question in
            var program = ProgramFunction(
                question.command.value, in: folder.base(of: question.command.range), timeout: question.timeout,
                environment: environment)
            program.subject = "It"
            return program
        }
        guard let server else { return Advisers(program: allowsPrograms ? program : nil) }
        let embed: Embed = { model, texts in
            let id = try Kinds.embeddingModel(model, in: workflow)
            return try await server.embeddings(of: texts, by: id)
        }
        return Advisers(
            judges: AgentRuntimes(server: server), embed: embed, program: allowsPrograms ? program : nil)
    }
}
