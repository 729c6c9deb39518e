package import Engine
package import Language
package import Runtime
package import Wire

extension Kinds {
    /// The handlers of the functions that a workflow declares, by the name of the tool; a function without `http` or
    /// `exec` has none, and its calls are returned to the caller.
    ///
    /// - Parameters:
    ///   - folder: determines the working directory of a program: that of the file that names it.
    ///   - transport: sends the requests of `http` functions.
    /// - Throws: `Diagnostic` when a required secret header is not set.
    package static func handlers(
        in workflow: Workflow, folder: SpecFolder, environment: [String: String], transport: any HTTPTransport
    ) throws -> [String: any FunctionHandler] {
        let secrets = try tokens(in: workflow, environment: environment)
        var handlers: [String: any FunctionHandler] = [:]
        for (declaration, spec) in workflow.specs(of: ToolSpec.self) {
            let name = declaration.address.name
            if let http = spec.function?.http, let url = http.url {
                handlers[name] = HTTPFunction(
                    url: url.value, method: HTTPRequest.Method(rawValue: http.method) ?? .post,
                    headers: http.headers.plain.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
                    secretHeaders: http.headers.variables.sorted { $0.key < $1.key }.compactMap { name, variable in
                        secrets[variable].map { (name, $0) }
                    },
                    timeout: http.timeout, transport: transport)
            } else if let program = spec.function?.program {
                handlers[name] = ProgramFunction(
                    program.command.value, in: folder.base(of: program.command.range), timeout: program.timeout,
                    environment: environment)
            }
        }
        return handlers
    }
}
