import Engine
import Kinds
import Language
import Reports
import Wire

/// Checks a stack's servers, and what the stack needs from them.
struct Examination: Sendable {
    private let stack: Stack
    private let connector: StackConnector
    private let needs: Needs
    private let hasSpec: Bool

    init(_ stack: Stack, _ options: ServerOptions, hasSpec: Bool) {
        self.stack = stack
        self.hasSpec = hasSpec
        needs = hasSpec ? Kinds.standard.needs(of: stack.workflow) : Needs(llamaStack: true, mlflow: true)
        connector = StackConnector(stack, options, needs: needs)
    }

    /// Asks all servers concurrently; one that is down does not affect the other checks.
    func report() async throws -> Diagnosis {
        try await connector.servers.withTransports { transports in
            async let examinedLlamaStack = llamaStack(transports.llamaStack)
            async let examinedMLflow = mlflow(transports.mlflow)
            var (llamaStack, mlflow) = try await (examinedLlamaStack, examinedMLflow)
            let servers = connector.atHand(llamaStack?.server, mlflow?.server, transport: transports.others)
            let findings = try await findings(on: servers)
            // Last, because Llama Stack 0.7 does not answer for some seconds after an error.
            llamaStack?.report.problems += try await problems { try await servers.llamaStack?.checkWritePermission() }
            mlflow?.report.problems += try await problems { try await servers.mlflow?.checkWritePermission() }
            return Diagnosis(
                servers: [llamaStack?.report, mlflow?.report].compactMap(\.self),
                stack: hasSpec ? stack.workflow.stack.name : nil, findings: findings,
                declared: stack.workflow.graph.addresses.filter { stack.workflow[$0]?.range != nil })
        }
    }

    private func llamaStack(
        _ transport: CountingTransport
    ) async throws -> (server: LlamaStack?, report: Diagnosis.Server)? {
        guard needs.llamaStack else { return nil }
        let location = connector.servers.settings.llamaStackLocation
        var report = Diagnosis.Server(name: "Llama Stack", url: location.shown, origin: location.origin)
        var server: LlamaStack?
        report.problems = try await problems {
            server = try await connector.servers.connectLlamaStack(transport).server
        }
        guard let server else { return (nil, report) }
        report.name = server.capabilities.product
        report.version = server.capabilities.version
        report.generation = server.capabilities.generation.title
        report.features = Capabilities.Feature.allCases.map { feature in
            Diagnosis.Server.Feature(
                name: feature.noun, isOffered: server.capabilities.offers(feature), versions: feature.versions)
        }
        return (server, report)
    }

    private func mlflow(
        _ transport: CountingTransport
    ) async throws -> (server: MLflowServer?, report: Diagnosis.Server)? {
        guard needs.mlflow else { return nil }
        let location = connector.servers.settings.mlflowLocation
        var report = Diagnosis.Server(name: "MLflow", url: location.shown, origin: location.origin)
        var connected: (server: MLflowServer, found: ConnectedServer)?
        report.problems = try await problems { connected = try await connector.servers.connectMLflow(transport) }
        report.version = connected?.found.version
        return (connected?.server, report)
    }

    private func findings(on servers: Servers) async throws -> [Finding] {
        guard hasSpec else { return [] }
        let examiner = Examiner(
            stack.workflow, drivers: Kinds.standard.drivers(servers, for: stack.workflow),
            record: try await record(servers.mlflow))
        let tokens = Kinds.usableTokens(in: stack.workflow, environment: stack.environment)
        let missing = Kinds.unusableTokens(in: stack.workflow, environment: stack.environment)
        let without = Set(missing.map(\.address))
        async let examined = examiner.examine()
        let probes = Probes(
            stack.workflow, on: servers, tokens: tokens, searchPath: stack.environment["PATH"] ?? "")
        async let tried = probes.findings()
        async let named = probes.findingsAboutModels()
        let seen = try await examined
        let known = Set(seen.map(\.address))
        return Finding.merge(seen, missing + (try await tried).filter { !without.contains($0.address) })
            + missing.filter { !known.contains($0.address) } + (try await named)
    }

    /// The record of earlier applies; empty when it cannot be read, which shows in the problems of the server.
    private func record(_ mlflow: MLflowServer?) async throws -> Record {
        do {
            return try await connector.recordStore(mlflow).load()
        } catch is WireError {
            return Record()
        }
    }

    /// The error, if there was one.
    private func problems(_ body: () async throws -> Void) async throws -> [Diagnostic] {
        do {
            try await body()
            return []
        } catch is CancellationError {
            throw CancellationError()
        } catch let several as Diagnostics {
            return several.all
        } catch {
            return [Diagnostic.from(error, at: nil)]
        }
    }
}
