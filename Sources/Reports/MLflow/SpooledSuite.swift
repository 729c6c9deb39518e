import Language
import Wire

/// A suite of a spool while it is sent: its run in MLflow, and what that has by now.
struct SpooledSuite {
    let run: MLflowRun
    let entry: SpoolEntry.Run
    /// Whether the run has something of it already.
    let isBegun: Bool
    /// The ids of its traces that are not sent again.
    private(set) var traces: Set<String>
    /// The prompts of its traces, as MLflow links them; nil for none.
    private(set) var prompts: Value?
    private(set) var hasReports: Bool

    init(run: MLflowRun, entry: SpoolEntry.Run, sent: [SpoolEntry.Sent]) {
        self.run = run
        self.entry = entry
        let mine = sent.filter { $0.suite == entry.suite && $0.run == run.id }
        isBegun = !mine.isEmpty
        traces = Set(mine.flatMap { $0.traces ?? [] })
        prompts = mine.lazy.compactMap(\.prompts).last
        hasReports = mine.contains { $0.hasReports == true }
    }

    /// Keeps in the spool that traces need not be sent again.
    mutating func note(_ sent: [MLflowTrace], in file: SpooledFile) {
        let ids = sent.map(\.id.hexadecimal)
        traces.formUnion(ids)
        prompts = sent.last { !$0.prompts.isEmpty }?.promptLinks ?? prompts
        file.mark(SpoolEntry.Sent(suite: entry.suite, run: run.id, traces: ids, prompts: prompts))
    }

    /// Keeps in the spool that its reports need not be sent again.
    mutating func noteReports(in file: SpooledFile) {
        hasReports = true
        file.mark(SpoolEntry.Sent(suite: entry.suite, run: run.id, hasReports: true))
    }

    /// Keeps in the spool that its run has ended.
    /// - Parameter isWaiting: Whether it is not known yet whether what passed counts.
    func end(in file: SpooledFile, isWaiting: Bool) {
        guard !isWaiting else { return }
        file.mark(SpoolEntry.Sent(suite: entry.suite, run: run.id, isWhole: true))
    }
}
