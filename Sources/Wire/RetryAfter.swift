import FoundationEssentials

/// How long a server asks to wait, in one of HTTP's two forms:
///
///     Retry-After: 3
///     Retry-After: Wed, 21 Oct 2026 07:28:00 GMT
struct RetryAfter {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Nobody waits longer than a day; a `Duration` cannot exceed 292 years.
    private static let longest = 86_400

    let duration: Duration

    /// - Parameter date: The `Date` header of the response; when nil, the local clock is used.
    /// - Returns: nil when the text has neither form.
    init?(_ text: String, at date: String?) {
        if let seconds = Double(text) {
            guard seconds >= 0, seconds.isFinite else { return nil }
            duration = .seconds(min(seconds, Double(Self.longest)))
            return
        }
        guard let then = Self.seconds(text) else { return nil }
        let now = date.flatMap(Self.seconds) ?? Int(Date().timeIntervalSince1970)
        duration = .seconds(min(max(0, then - now), Self.longest))
    }

    /// A date as seconds since 1970.
    private static func seconds(_ text: String) -> Int? {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = months.firstIndex(of: parts[2]), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return days(day, month + 1, year) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// The days from 1970 to a date. Years begin in March here, so that a leap day comes last.
    private static func days(_ day: Int, _ month: Int, _ year: Int) -> Int {
        let years = month > 2 ? year : year - 1
        let months = (month + 9) % 12
        let ofYear = (153 * months + 2) / 5 + day - 1
        return years * 365 + years / 4 - years / 100 + years / 400 + ofYear - 719_468
    }
}
