import Wire

extension WireError {
    /// Whether the same may succeed later: with another token, when less is asked, or once the server is mended.
    var mayPass: Bool { status.map { [401, 403, 408, 429].contains($0) || $0 >= 500 } ?? false }

    /// Whether the server is unavailable at the moment.
    var isAway: Bool {
        switch cause {
        case .transport(.tls): false
        case .transport: true
        case .status(let status): [502, 503, 504].contains(status)
        case .unreadable, .stream: false
        }
    }
}
