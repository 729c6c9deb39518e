/// A server's message without technical noise: database errors, tracebacks and web pages tell a user nothing.
enum PlainReason {
    static let race = "the same was made or changed by somebody else at the same time, or is there already"
    private static let dangling = "it names something that is gone"
    private static let busy = "its database is busy, or cannot be reached"
    private static let refused = "its database refused the request"

    private static let trace = "Traceback (most recent call last)"
    private static let page = ["<!doctype html", "<html"]
    /// How database errors begin: `(sqlite3.IntegrityError) UNIQUE constraint failed: …`.
    // Safe: a `Regex` is not `Sendable` because it may hold closures; this one is a constant literal without any, and
    // matching does not change it.
    private nonisolated(unsafe) static let report =
        /\((?:raised as a result of Query|(?:sqlite3|psycopg2?|asyncpg|pymysql|MySQLdb|mysql|pyodbc|oracledb|cx_Oracle|pymssql|sqlalchemy)[A-Za-z0-9_.]*)|\[SQL: |(?:UNIQUE|FOREIGN KEY|NOT NULL|CHECK) constraint failed|sqlalchemy\.exc\.|duplicate key value violates|sqlalche\.me/

    /// The text before the technical part; the meaning of that part when there is no such text.
    static func told(_ text: String) -> String {
        if let start = page.compactMap({ text.firstRange(ofLowercased: $0) }).min() {
            return rest(of: text[..<start], or: ServerMessage.words(ofPage: String(text[start...])))
        }
        if let start = text.firstRange(of: trace)?.lowerBound {
            return rest(of: text[..<start], or: told(ServerMessage.reason(inTrace: text) ?? refusedWithoutReason))
        }
        guard let start = text.firstMatch(of: report)?.range.lowerBound else { return text }
        return rest(of: text[..<start], or: meaning(of: text[start...].lowercased()))
    }

    private static let refusedWithoutReason = "an error that it does not explain"

    /// Keeps complete sentences; a mere introduction to what was cut off, such as `Error:`, is dropped.
    private static func rest(of text: Substring, or meaning: String) -> String {
        guard let end = text.lastIndex(where: { ".!?".contains($0) }) else { return meaning }
        return String(text[...end])
    }

    private static func meaning(of report: String) -> String {
        if ["unique", "duplicate"].contains(where: report.contains) { return race }
        if report.contains("foreign key") { return dangling }
        if ["operationalerror", "locked", "timeout"].contains(where: report.contains) { return busy }
        return refused
    }
}

extension String {
    /// The start of the first occurrence of a lower-case text, ignoring case.
    fileprivate func firstRange(ofLowercased text: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start] == text.first, self[start...].prefix(text.count).lowercased() == text { return start }
            start = index(after: start)
        }
        return nil
    }
}
