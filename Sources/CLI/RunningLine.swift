import Engine
import Language

/// An operation that is under way, as a live display shows it:
///
///       vectorStores.handbook: creating, 12.4 s  ██████████░░░░░░░░░░ 52 of 100 documents, 4.2/s, 11 s left
struct RunningLine {
    private static let width = 20

    let address: Address
    let action: Action
    let since: ContinuousClock.Instant
    private var advance: Advance?
    /// When what is being counted was counted first, and how many of it.
    private var counting: (unit: String, since: ContinuousClock.Instant, from: Int)?

    init(_ address: Address, _ action: Action, since: ContinuousClock.Instant) {
        self.address = address
        self.action = action
        self.since = since
    }

    mutating func note(_ advance: Advance, at now: ContinuousClock.Instant) {
        if case .counted(let done, _, let unit) = advance, counting?.unit != unit { counting = (unit, now, done) }
        self.advance = advance
    }

    func text(at now: ContinuousClock.Instant) -> String {
        let start = "  \(address): \(action.participle), \((now - since).spelled)"
        switch advance {
        case nil: return start
        case .text(let text): return "\(start), \(Printable.text(text))"
        case .counted(let done, let total, _):
            let detail = advance.map { Printable.text($0.spelled) } ?? ""
            return "\(start)  \(Self.bar(done, of: total)) \(detail)\(pace(done, of: total, at: now))"
        }
    }

    static func bar(_ done: Int, of total: Int) -> String {
        let filled = total > 0 ? min(width, max(0, done * width / total)) : 0
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }

    /// `, 4.2/s, 11 s left`: by what was done since something was counted first; nothing before a second one is.
    private func pace(_ done: Int, of total: Int, at now: ContinuousClock.Instant) -> String {
        guard let counting, done > counting.from else { return "" }
        let seconds = (now - counting.since) / .seconds(1)
        guard seconds > 0.2 else { return "" }
        let rate = Double(done - counting.from) / seconds
        let shown = rate < 10 ? "\((rate * 10).rounded() / 10)" : "\(Int(rate.rounded()))"
        let left = Duration.seconds((Double(total - done) / rate).rounded(.up))
        return ", \(shown)/s" + (done < total ? ", \(left.spelled) left" : "")
    }
}
