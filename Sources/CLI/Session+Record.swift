import Engine
import Kinds
import Language
import Records
import Wire

extension Session {
    /// Finds the record of a stack, and asks no other server than the one that holds it.
    static func withRecord<Result: Sendable>(
        _ stack: Stack, _ options: ServerOptions,
        _ body: @escaping @Sendable (any RecordStore) async throws -> Result
    ) async throws -> Result {
        let needs = Kinds.standard.needs(of: stack.workflow)
        let connector = StackConnector(stack, options, needs: needs)
        return try await stack.telling {
            try await connector.servers.withTransports { transports in
                try await body(try await connector.recordStore(transports))
            }
        }
    }
}

extension RecordStore {
    /// The lock of the stack whose record it is.
    func lock(of stack: StackName) -> any Engine.Lock {
        let mlflow = (self as? MLflowRecord)?.server
        return (mlflow == nil ? RecordPlace.file(place) : .mlflow).lock(stack, mlflow)
    }
}

extension StackConnector {
    /// The record where it is: in the file that is named, in the MLflow that the spec needs, or where earlier applies left it.
    func recordStore(_ transports: Connector.Transports) async throws -> any RecordStore {
        if options.record != nil { return try recordStore(nil) }
        if needs.mlflow { return try recordStore(try await servers.connectMLflow(transports.mlflow).server) }
        return try await recorded(beside: nil, transports.mlflow).store ?? recordStore(nil)
    }
}
