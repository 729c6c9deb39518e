import Engine
import Language

/// What was done, after a live display: one line for each operation, in the order of the plan.
///
///     ✓ experiments.helpdesk  created  0.1 s
///     ✗ agents.support        not created
struct FinishedTable {
    private struct Row {
        var sign: String
        var outcome: String
        var elapsed = ""
    }

    private var rows: [(address: Address, row: Row)] = []

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ event: Event) {
        switch event {
        case .finished(let address, let action, let elapsed):
            rows.append((address, Row(sign: "✓", outcome: action.outcome, elapsed: elapsed.spelled)))
        case .passed(let address, let standing):
            rows.append((address, Row(sign: "✓", outcome: Event.told(passedOn: standing))))
        case .overridden(let address, let reason):
            rows.append((address, Row(sign: "!", outcome: Event.told(overriddenBecause: reason))))
        case .failed(let address, let action, _):
            rows.append((address, Row(sign: "✗", outcome: "not \(action.outcome)")))
        case .skipped(let address, let cause):
            rows.append((address, Row(sign: "·", outcome: "skipped because of \(cause)")))
        case .started, .progress, .warned: break
        }
    }

    /// The number of operations that failed.
    var failures: Int {
        rows.count { $0.row.sign == "✗" }
    }

    var count: Int { rows.count }

    /// - Parameter order: The addresses as the plan has them.
    func lines(in order: [Address]) -> [String] {
        let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
        let sorted = rows.enumerated().sorted { left, right in
            (places[left.element.address] ?? .max, left.offset) < (places[right.element.address] ?? .max, right.offset)
        }.map(\.element)
        let address = sorted.map { $0.address.description.count }.max() ?? 0
        let outcome = sorted.filter { !$0.row.elapsed.isEmpty }.map { $0.row.outcome.count }.max() ?? 0
        return sorted.map { each in
            let name = each.address.description.padded(to: address)
            guard !each.row.elapsed.isEmpty else { return "\(each.row.sign) \(name)  \(each.row.outcome)" }
            return "\(each.row.sign) \(name)  \(each.row.outcome.padded(to: outcome))  \(each.row.elapsed)"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
