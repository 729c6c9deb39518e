import Engine

extension EndangeredSuite {
    /// So many cases are named.
    private static let named = 5

    /// `7 cases, about 5230 tokens by its last run`; with results that stand `2 of 7 cases, …`.
    var told: String {
        let number = cases == 1 ? "1 case" : "\(cases) cases"
        if standing == cases, cases > 0 { return "\(number), not run again: results stand" }
        return (standing > 0 ? "\(cases - standing) of \(number)" : number)
            + (tokens.map { ", about \($0) tokens by its last run" } ?? "")
    }

    /// The cases that are to be run, each with what it cost: `refund-window (820 tokens)`.
    var toldCases: [String] {
        let names = endangered.prefix(Self.named).map { each in
            each.name + (each.tokens.map { " (\($0) tokens)" } ?? "")
        }
        let rest = endangered.count - names.count
        return names + (rest > 0 ? ["and \(rest) more"] : [])
    }
}
