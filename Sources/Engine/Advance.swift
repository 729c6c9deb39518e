/// How far a long operation is.
package enum Advance: Sendable, Hashable {
    /// What it is doing.
    case text(String)
    /// `2 of 3 documents`.
    case counted(Int, of: Int, unit: String)

    package var spelled: String {
        switch self {
        case .text(let text): text
        case .counted(let done, let total, let unit): "\(done) of \(total) \(unit)"
        }
    }
}
