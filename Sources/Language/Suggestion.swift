/// Finds what somebody probably meant.
package enum Suggestion {
    /// The candidate nearest to a misspelt name; nil when none is near.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased())
        let limit = max(1, wanted.count / 3)
        let ranked = candidates.map { ($0, distance(wanted, Array($0.lowercased()))) }
        return ranked.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
    }

    /// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var previous: [Int] = []
        var current = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var next = [i + 1]
            for (j, b) in right.enumerated() {
                var best = min(current[j] + (a == b ? 0 : 1), current[j + 1] + 1, next[j] + 1)
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { best = min(best, previous[j - 1] + 1) }
                next.append(best)
            }
            (previous, current) = (current, next)
        }
        return current[right.count]
    }
}
