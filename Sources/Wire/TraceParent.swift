/// Where a request belongs in a trace that began elsewhere: the header `traceparent` of W3C's Trace Context.
///
///     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
package struct TraceParent: Sendable, Hashable {
    package let trace: TraceID
    /// The span of the caller.
    package let span: UInt64
    /// Whether the caller keeps the trace.
    package let isKept: Bool

    /// The parent that requests to an agent server carry, if there is one; see `Endpoint.tellsTraceParent`.
    @TaskLocal package static var current: TraceParent?

    package init(trace: TraceID, span: UInt64, isKept: Bool = true) {
        self.trace = trace
        self.span = span
        self.isKept = isKept
    }

    /// nil for a header that the standard says to ignore. Later versions may say more at its end.
    package init?(header: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4 || parts.count > 4 && parts[0] != "00", parts[0] != "ff" else { return nil }
        let isSpelled = zip(parts, [2, 32, 16, 2]).allSatisfy { part, count in
            part.utf8.count == count && part.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        }
        guard isSpelled, let high = UInt64(parts[1].prefix(16), radix: 16),
            let low = UInt64(parts[1].suffix(16), radix: 16), high != 0 || low != 0,
            let span = UInt64(parts[2], radix: 16), span != 0, let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(trace: TraceID(high: high, low: low), span: span, isKept: flags & 1 == 1)
    }

    package var header: String {
        "00-\(trace.hexadecimal)-\(span.hexadecimal)-\(isKept ? "01" : "00")"
    }
}
