package import Engine
package import Language

/// Tests what a plan assumes, without changing anything: that MCP servers list their tools, that embedding models embed
/// as the spec says, and that the handlers of functions exist.
package struct Probes: Sendable {
    private let kinds: Kinds
    let workflow: Workflow
    let context: ProbeContext

    /// - Parameters:
    ///   - tokens: the tokens of MCP servers, by the names of their variables.
    ///   - searchPath: the folders of programs, as `PATH` lists them.
    package init(
        _ workflow: Workflow, of kinds: Kinds = .standard, on servers: Servers, tokens: [String: Secret],
        searchPath: String
    ) {
        self.kinds = kinds
        self.workflow = workflow
        context = ProbeContext(workflow: workflow, servers: servers, tokens: tokens, searchPath: searchPath)
    }

    /// One finding for each testable declaration, in no order; all are tested concurrently.
    package func findings() async throws -> [Finding] {
        let probes = Dictionary(kinds.all.compactMap { kind in kind.probe.map { (kind.section.key, $0) } }) { $1 }
        return try await withThrowingTaskGroup(of: Finding?.self) { group in
            for declaration in workflow.declarations {
                guard let probe = probes[declaration.address.kind] else { continue }
                group.addTask {
                    try await Self.finding(about: declaration) { try await probe(declaration, context) }
                }
            }
            return try await group.reduce(into: []) { findings, finding in finding.map { findings.append($0) } }
        }
    }

    /// One finding for each declaration that belongs to no kind, such as a judge, and names models by the server's ids:
    /// whether the server offers them. A declared model has a finding of its own.
    package func findingsAboutModels() async throws -> [Finding] {
        guard let server = context.servers.llamaStack else { return [] }
        let listing = ModelListing(server, declared: workflow.models)
        let reconciled = Set(kinds.sections.map(\.key))
        var findings: [Finding] = []
        for declaration in workflow.declarations where !reconciled.contains(declaration.address.kind) {
            let names = declaration.spec.uses.compactMap { use -> Located<String>? in
                guard use.address.kind == ModelResource.kind, workflow[use.address] == nil else { return nil }
                return use.range.map { Located(use.address.name, at: $0) }
            }
            guard !names.isEmpty else { continue }
            let finding = try await Self.finding(about: declaration) {
                for name in names {
                    _ = try await listing.require(
                        oneOf: [name.value], called: name, for: "for `\(declaration.address)`")
                }
                return .met("")
            }
            findings += finding.map { [$0] } ?? []
        }
        return findings
    }

    static func finding(
        about declaration: Declaration, _ look: () async throws -> Finding.Status?
    ) async throws -> Finding? {
        do {
            return try await look().map { Finding(declaration.address, $0) }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let problem = Diagnostic.from(error, at: declaration.address.description).locating(declaration)
            return Finding(declaration.address, problem.cause.isIgnorance ? .unknown(problem) : .unmet(problem))
        }
    }
}

/// What a probe may use.
package struct ProbeContext: Sendable {
    package let workflow: Workflow
    package let servers: Servers
    /// The tokens of MCP servers, by the names of their variables.
    package let tokens: [String: Secret]
    /// The folders of programs, as `PATH` lists them.
    package let searchPath: String
}
