import Wire

/// `GET /metrics`: what was counted, as Prometheus reads it.
extension RequestHandler {
    var metrics: Reply {
        let now = Meters.Now(running: places.taken, connections: connections.count, traces: traces?.tally)
        return .text(meters.text(now), "text/plain; version=0.0.4; charset=utf-8")
    }
}
