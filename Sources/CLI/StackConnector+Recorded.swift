import Engine
import Kinds
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
            // A server that does not exist has none of our objects.
            let found = try? await servers.connectMLflow(transport)
        else { return (needs, nil, nil) }
        let (older, store) = try await recordedNeeds(found.server)
        return older == Needs() ? (older, nil, nil) : (older, found, store)
    }

    private func recordedNeeds(_ mlflow: MLflowServer) async throws -> (Needs, any RecordStore) {
        let store = try recordStore(mlflow)
        guard let record = store as? MLflowRecord else {
            return (Kinds.standard.needs(of: try await store.load()), store)
        }
        return (Kinds.standard.needs(of: try await record.readAhead()), record)
    }
}
