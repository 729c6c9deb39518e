import Language
import Wire

/// What becomes of work where MLflow does not answer.
enum MLflowAbsence: Sendable, Hashable {
    /// It fails.
    case fails
    /// It is done without MLflow, which is told.
    case isTold
    /// It fails after so much time, also where MLflow is only slow: somebody goes on without it.
    case failsWithin(Duration)
    /// It is done without asking whether MLflow is there: what is written to it waits for it.
    case isAwaited

    /// Whether it fails after so much time.
    var isLimited: Bool {
        if case .failsWithin = self { return true }
        return false
    }
}

extension MLflowServer {
    /// Makes sure that it finds what it has: its version is told without the database behind it, which may hang.
    /// - Throws: `WireError` of its absence. What else is wrong is told by what needs it.
    func requireSearches() async throws {
        do {
            _ = try await experiments(where: MLflowFilter.name("Default"))
        } catch let error as WireError where !error.isOfAbsence {}
    }
}

extension WireError {
    /// Whether MLflow, or what stands before it, cannot do what it is asked for now, and may later.
    var isOfAbsence: Bool {
        switch cause {
        case .transport(.unreachable), .transport(.timeout), .transport(.broken), .status(429), .status(500...): true
        case .transport, .status, .unreadable, .stream: false
        }
    }
}

extension Diagnostic {
    /// The code of all that says that MLflow does not answer for now.
    static let absentMLflow: Diagnostic.Code = "mlflow-absent"

    /// - Parameter time: How long it was asked.
    static func absentMLflow(after time: Duration) -> Diagnostic {
        absent("MLflow did not answer within \(time.exact).", fix: "Look at MLflow and its log.")
    }

    static func absentMLflow(_ error: WireError) -> Diagnostic {
        let problem = error.diagnostic()
        return absent(problem.detail, fix: problem.fix)
    }

    private static func absent(_ reason: String, fix: String?) -> Diagnostic {
        Diagnostic(absentMLflow, "MLflow does not answer", detail: reason, fix: fix, cause: .unavailable)
    }
}
