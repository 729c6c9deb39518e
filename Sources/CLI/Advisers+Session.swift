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
        let server = session.servers.llamaStack
        let (folder, environment) = (stack.folder, stack.environment)
        let program: Program = { question in
            var program = ProgramFunction(
                question.command.value, in: folder.base(of: question.command.range), timeout: question.timeout,
                environment: environment)
            program.subject = "It"
            return program
        }
        return Advisers(
            judges: server.map { AgentRuntimes(server: $0) },
            embed: server.map { server in
                { model, texts in
                    try await server.embeddings(of: texts, by: Kinds.embeddingModel(model, in: workflow))
                }
            }, program: allowsPrograms ? program : nil)
    }
}
