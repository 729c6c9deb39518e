import Engine
import Kinds
import Records
import Reports
import Wire

extension Connector {
    typealias ConnectedMLflow = (server: MLflowServer, location: PlanServer)

    /// What the record says was applied to servers of which the spec names nothing any more: it is still to be taken away.
    ///
    /// Where the spec needs no MLflow, the record may be there all the same, from when it did. It is looked for where
    /// somebody said that MLflow is.
    /// - Returns: The servers that are needed, and MLflow with the record where it is.
    func recorded(
        beside mlflow: ConnectedMLflow?, _ transport: CountingTransport
    ) async throws -> (needs: Needs, mlflow: ConnectedMLflow?, store: (any RecordStore)?) {
        if let mlflow {
            let (needs, store) = try await recordedNeeds(mlflow.server)
            return (needs, mlflow, store)
        }
        let needs = Kinds.standard.needs(of: try await recordStore(nil).load())
        if needs.mlflow { return (needs, try await connectMLflow(transport), nil) }
        guard needs == Needs(), options.record == nil, mlflowLocation.isSaid,
            // What is not there has nothing of ours.
            let found = try? await connectMLflow(transport)
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
