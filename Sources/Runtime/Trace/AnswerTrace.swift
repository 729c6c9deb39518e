package import Language
package import Wire

/// The trace of one answer, and where in MLflow it belongs.
package struct AnswerTrace: Sendable {
    private let trace: Trace
    private let place: MLflowPlace

    package init(_ trace: Trace, at place: MLflowPlace) {
        self.trace = trace
        self.place = place
    }

    /// The trace as MLflow keeps it, linked to the logged model that answered where it is known.
    package var mlflow: MLflowTrace {
        var linked = trace
        linked.model = place.modelID
        linked.tags["drover.model"] = place.modelURI
        // The tags of a trace that another one began are not ours.
        if linked.parent != nil { linked.root.attributes["drover.model"] = place.modelURI.map(Value.string) }
        var trace = linked.mlflow(inExperiment: place.experimentID)
        trace.awaited = place.awaited
        return trace
    }

    /// Writes the trace, linked to the logged model that answered where it is known. It is retried until there was no
    /// progress for `deadline`.
    ///
    /// - Parameter clock: Measures the deadline.
    /// - Returns: A warning when the trace is not there; nil when it is.
    package func write(
        to server: MLflowServer, deadline: Duration = .seconds(3), clock: any Clock<Duration> = ContinuousClock()
    ) async -> Diagnostic? {
        let written = mlflow
        do {
            let (_, tally) = try await MLflowTraceWriter.withWriter(to: server, deadline: deadline, clock: clock) {
                $0.write(written)
            }
            return tally.missing == 0 ? nil : .traceMissing(because: tally.reason)
        } catch {
            return .traceMissing(because: error as? WireError)
        }
    }
}

extension Diagnostic {
    fileprivate static func traceMissing(because reason: WireError?) -> Diagnostic {
        Diagnostic(
            "trace-missing", "The trace is not in MLflow",
            detail: reason?.diagnostic().detail ?? "MLflow did not answer in time.",
            fix: "The answer stands without it.", severity: .warning,
            cause: .unavailable)
    }
}
