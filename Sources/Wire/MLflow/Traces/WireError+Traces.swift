import Language

extension WireError {
    /// Why traces were not written to a server.
    init(writing error: any Error, to base: String) {
        self =
            switch error {
            case let error as WireError: error
            case let error as Diagnostic: .unwritable(base, error.detail)
            case _: .unfinished(base)
            }
    }

    /// Whether the same may succeed later: the server is unavailable or overloaded, or its error may be temporary.
    /// - Parameter isKept: Whether it can wait on disk, until a credential or a certificate is mended.
    func mayPass(after round: Int, of patience: Int, isKept: Bool) -> Bool {
        switch cause {
        case .transport(.tls), .status(401), .status(403): isKept
        // What the server never ends with must not keep all others.
        case .transport(.timeout): isKept || round < patience
        case .transport: true
        case .status(408), .status(429), .status(502), .status(503), .status(504): true
        case .status(500...): round < patience
        case .status, .unreadable, .stream: false
        }
    }

    /// Whether the content is rejected, so that a part of it may be accepted.
    var isAboutContent: Bool {
        [400, 413, 422].contains(status)
    }

    /// Whether the server, or a gateway before it, did not end with what it was sent: it may never, while it takes others.
    var isUnanswered: Bool {
        switch cause {
        case .transport(.timeout), .status(408), .status(504): true
        case .transport, .status, .unreadable, .stream: false
        }
    }

    /// Writing was interrupted.
    private static func unfinished(_ base: String) -> WireError {
        WireError(
            .transport(.timeout), service: "MLflow", operation: "write the traces", method: .post, base: base,
            path: "/v1/traces", message: "not finished in time")
    }

    /// The server's artifact storage can be written only by others.
    private static func unwritable(_ base: String, _ reason: String) -> WireError {
        WireError(
            .unreadable, service: "MLflow", operation: "write the spans", method: .put, base: base,
            path: "/api/2.0/mlflow-artifacts/artifacts", message: reason)
    }
}
