import Engine
import Kinds
import Language
import Records
import Wire

extension StackConnector {
    typealias ConnectedMLflow = (server: MLflowServer, found: ConnectedServer)

    /// Objects that were applied, according to the record, to servers that the spec no longer uses: they have yet to be
    /// removed.
    ///
    /// When the spec needs no MLflow, there may still be a record from when it did. It is looked up when an MLflow
    /// server is configured.
    /// - Returns: The servers that are needed, and MLflow with the record where it is.
    func recorded(
        beside mlflow: ConnectedMLflow?, _ transport: CountingTransport
    ) async throws -> (needs: Needs, mlflow: ConnectedMLflow?, store: (any RecordStore)?) {
        if let mlflow {
            let (needs, store) = try await recordedNeeds(mlflow.server)
            return (needs, mlflow, store)
        }
        let needs = Kinds.standard.needs(of: try await recordStore(nil).load())
        if needs.mlflow { return (needs, try await servers.connectMLflow(transport), nil) }
        guard needs == Needs(), options.record == nil, servers.settings.mlflowLocation.isSaid,
            let found = try await found(transport)
        else { return (needs, nil, nil) }
        let (older, store) = try await recordedNeeds(found.server)
        return older == Needs() ? (older, nil, nil) : (older, found, store)
    }

    /// The configured MLflow, which nothing in the spec needs; nil, with a warning, when it cannot be asked: it may hold a
    /// record from when something did.
    private func found(_ transport: CountingTransport) async throws -> ConnectedMLflow? {
        do {
            return try await servers.connectMLflow(transport)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let warning = Diagnostic.recordInFile(Diagnostic.from(error, at: nil), standardRecordPath)
            Notices.write([warning], sources, environment: environment)
            return nil
        }
    }

    /// What tells the servers at hand from others: their addresses, and of MLflow when its data began, and its workspace.
    static func identities(
        _ llamaStack: ConnectedServer?, _ mlflow: ConnectedMLflow?
    ) async throws -> ServerIdentities {
        var identities: ServerIdentities = [:]
        identities[.llamaStack] = llamaStack.map { ServerIdentity(name: $0.name, url: WebAddress.shown($0.url)) }
        if let mlflow {
            let experiments = try await mlflow.server.experiments(firstFor: "identity")
            let first = experiments.first { $0.id == "0" }
            identities[.mlflow] = ServerIdentity(
                name: mlflow.found.name, url: WebAddress.shown(mlflow.found.url),
                instance: first?.created.map(String.init),
                workspace: experiments.lazy.compactMap(\.workspace).first)
        }
        return identities
    }

    private func recordedNeeds(_ mlflow: MLflowServer) async throws -> (Needs, any RecordStore) {
        let store = try recordStore(mlflow)
        guard let record = store as? MLflowRecord else {
            return (Kinds.standard.needs(of: try await store.load()), store)
        }
        return (Kinds.standard.needs(of: try await record.readAhead()), record)
    }
}

extension ConnectedServer {
    /// The same with its workspace, where that is another one than servers without workspaces say.
    func inWorkspace(of identities: ServerIdentities) -> ConnectedServer {
        var server = self
        let identity = identities.values.first { $0.url == WebAddress.shown(url) && $0.name == name }
        server.workspace = identity?.workspace.flatMap { $0 == "default" ? nil : $0 }
        return server
    }
}

extension Diagnostic {
    fileprivate static func recordInFile(_ problem: Diagnostic, _ path: String) -> Diagnostic {
        Diagnostic(
            "record-in-file", "The record is kept in a file",
            detail: "Nothing in the spec needs MLflow, and whether it holds a record of this stack from before could "
                + "not be found out, so what is applied is noted in `\(path)`. \(problem.detail)",
            fix: "If the stack used MLflow before, correct this first: what was made then is not found without its "
                + "record.",
            severity: .warning)
    }
}
