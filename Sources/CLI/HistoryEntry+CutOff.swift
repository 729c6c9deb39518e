import Engine
import FoundationEssentials

extension HistoryEntry {
    /// What was cut off, as its lock tells of it.
    init(_ cutOff: HeldLock) {
        let since = cutOff.since.flatMap { try? Date($0, strategy: .iso8601) }
        let start = since.map { Int64($0.timeIntervalSince1970 * 1000) } ?? Deployment.milliseconds()
        self.init(
            command: cutOff.holder.purpose, specDigest: "", gitCommit: cutOff.holder.commit, actor: cutOff.holder.name,
            startedAt: start, finishedAt: start, succeeded: false,
            results: ["Lock \(cutOff.number) was never given back: what was done is not known."])
        summary = "unknown"
        lock = cutOff.holder.id
        isCutOff = true
    }
}
