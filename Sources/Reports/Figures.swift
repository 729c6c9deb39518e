extension Duration {
    /// For readers: `84 ms`, `3.2 s`, `2 min 5 s`.
    var spelled: String {
        let milliseconds = Int((self / .milliseconds(1)).rounded())
        switch milliseconds {
        case ..<1000: return "\(milliseconds) ms"
        case ..<59_950: return "\((milliseconds + 50) / 1000).\((milliseconds + 50) % 1000 / 100) s"
        case _:
            let seconds = (milliseconds + 500) / 1000
            return "\(seconds / 60) min \(seconds % 60) s"
        }
    }

    /// For programs: seconds with three decimals, `3.204`.
    var seconds: String {
        let milliseconds = Int((self / .milliseconds(1)).rounded())
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// For programs: whole milliseconds.
    var milliseconds: Int {
        Int((self / .milliseconds(1)).rounded())
    }
}
