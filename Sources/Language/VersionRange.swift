/// Versions between bounds: `>= 0.2, < 1`. All comparators of the list must hold.
///
/// A comparator looks at as many parts of a version as it has itself: `= 0.2` is every 0.2.x. `~ 0.2.3` is 0.2.3 and
/// every later 0.2.x; `~ 0.2` is every 0.2.x, and `~ 1` every 1.x.
package struct VersionRange: Sendable, Hashable {
    /// The form of a range, for schemas.
    package static let pattern =
        #"^\s*(>=|<=|>|<|=|~)\s*[0-9]{1,9}(\.[0-9]{1,9}){0,2}\s*"#
        + #"(,\s*(>=|<=|>|<|=|~)\s*[0-9]{1,9}(\.[0-9]{1,9}){0,2}\s*)*$"#

    fileprivate enum Comparator: String, CaseIterable {
        // Longer ones first: that is the order in which they are looked for.
        case atLeast = ">="
        case atMost = "<="
        case after = ">"
        case before = "<"
        case same = "="
        case like = "~"
    }

    fileprivate struct Bound: Hashable {
        let comparator: Comparator
        let parts: [Int]
    }

    private let bounds: [Bound]

    /// Reads a range; nil when the text is none.
    package init?(_ text: String) {
        var bounds: [Bound] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let trimmed = word.drop(while: \.isWhitespace)
            guard let comparator = Comparator.allCases.first(where: { trimmed.hasPrefix($0.rawValue) }) else {
                return nil
            }
            let rest = trimmed.dropFirst(comparator.rawValue.count).drop(while: \.isWhitespace)
            guard let parts = Self.parts(rest.prefix { !$0.isWhitespace }),
                rest.drop(while: { !$0.isWhitespace }).allSatisfy(\.isWhitespace)
            else { return nil }
            bounds.append(Bound(comparator: comparator, parts: parts))
        }
        self.bounds = bounds
    }

    /// Whether a version such as `0.2.1` is in the range. What stands behind a `-` or `+` does not count.
    package func contains(_ version: String) -> Bool {
        let parts = version.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) ?? 0 }
        return bounds.allSatisfy { $0.holds(parts + [0, 0, 0]) }
    }

    private static func parts(_ text: Substring) -> [Int]? {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = words.compactMap { word in
            word.count <= 9 && word.allSatisfy { $0.isASCII && $0.isNumber } ? Int(word) : nil
        }
        return numbers.count == words.count && (1...3).contains(numbers.count) ? numbers : nil
    }
}

extension VersionRange.Bound {
    fileprivate func holds(_ version: [Int]) -> Bool {
        let compared = Array(version.prefix(parts.count))
        let isBefore = compared.lexicographicallyPrecedes(parts)
        let isAfter = parts.lexicographicallyPrecedes(compared)
        switch comparator {
        case .atLeast: return !isBefore
        case .atMost: return !isAfter
        case .after: return isAfter
        case .before: return isBefore
        case .same: return !isBefore && !isAfter
        case .like: return !isBefore && compared.prefix(2).elementsEqual(parts.prefix(2))
        }
    }
}
