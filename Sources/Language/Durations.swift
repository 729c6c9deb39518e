extension Duration {
    /// For readers, rounded: `84 ms`, `3.2 s`, `2 min 5 s`.
    package var spelled: String {
        switch milliseconds {
        case ..<1000: return "\(milliseconds) ms"
        case ..<59_950: return "\((milliseconds + 50) / 1000).\((milliseconds + 50) % 1000 / 100) s"
        case _:
            let seconds = (milliseconds + 500) / 1000
            return "\(seconds / 60) min \(seconds % 60) s"
        }
    }

    /// For readers, to the millisecond, as a limit and what is compared with it are told: `250 ms`, `2 s`, `2.041 s`,
    /// `1 min 30 s`, `12 h`.
    package var exact: String {
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let (hours, minutes, rest) = (milliseconds / 3_600_000, milliseconds / 60_000 % 60, milliseconds % 60_000)
        var parts = hours > 0 ? ["\(hours) h"] : []
        if minutes > 0 { parts.append("\(minutes) min") }
        if rest > 0 {
            let digits = Duration.milliseconds(rest).seconds
            parts.append("\(rest % 1000 == 0 ? digits.dropLast(4) : digits.trimmingZeros) s")
        }
        return parts.joined(separator: " ")
    }

    /// For programs: seconds with three decimals, `3.204`.
    package var seconds: String {
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// For programs: whole milliseconds, rounded.
    package var milliseconds: Int {
        Int((self / .milliseconds(1)).rounded())
    }

    /// For programs: whole nanoseconds, rounded towards zero.
    package var nanoseconds: Int {
        Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
    }
}

extension String {
    /// Without zeros at its end: `2.040` is `2.04`.
    fileprivate var trimmingZeros: Substring {
        self[..<(lastIndex { $0 != "0" }.map(index(after:)) ?? startIndex)]
    }
}
