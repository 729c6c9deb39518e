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
    /// - Returns: The servers that are needed, and MLflow where it is.
    func recorded(
        beside mlflow: ConnectedMLflow?, _ transport: CountingTransport
    ) async throws -> (needs: Needs, mlflow: ConnectedMLflow?) {
        let needs = Kinds.needs(of: try await recordStore(mlflow?.server).load())
        if mlflow != nil { return (needs, mlflow) }
        if needs.mlflow { return (needs, try await connectMLflow(transport)) }
        guard needs == Needs(), options.record == nil, mlflowLocation.isSaid,
            // What is not there has nothing of ours.
            let found = try? await connectMLflow(transport)
        else { return (needs, nil) }
        let older = Kinds.needs(of: try await MLflowRecord(found.server, stack: workflow.stack).load())
        return (older, older == Needs() ? nil : found)
    }
}
