extension Reading where Value == Duration {
    /// `250ms`, `30s`, `5m`, `12h`, `7d`; whole or decimal.
    package static var duration: Reading {
        Reading(.duration) { node, problems in
            guard case .string(let text) = node.content else {
                return problems.wrongType(node, expected: "a duration such as `30s`")
            }
            guard let duration = Quantity.duration(text) else {
                problems.report(.badDuration(text, node))
                return nil
            }
            return duration
        }
    }
}

/// Numbers with a unit.
package enum Quantity {
    package static let durationPattern = #"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"#

    /// Reads `250ms`, `1.5s`, `5m`, `12h`, `7d`; nil for everything else.
    package static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        let seconds: Double? =
            switch unit {
            case "ms": number / 1000
            case "s": number
            case "m": number * 60
            case "h": number * 3600
            case "d": number * 86400
            case _: nil
            }
        // Its nanoseconds fit into 64 bits: 285 years.
        return seconds.flatMap { $0 < 9e9 ? .seconds($0) : nil }
    }

    /// Reads `64KB`, `512MB`, `1.5GB` as bytes, of 1,024 each; nil for everything else.
    package static func bytes(_ text: String) -> Int? {
        guard let (number, unit) = split(text),
            let shift = ["KB": 10, "MB": 20, "GB": 30][unit], number < 1_000_000
        else { return nil }
        return Int(number * Double(1 << shift))
    }

    private static func split(_ text: String) -> (Double, String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard digits.first?.isNumber == true, digits.last?.isNumber == true, let number = Double(digits) else {
            return nil
        }
        return (number, String(text.dropFirst(digits.count)))
    }
}
