/// Finds the name that was probably meant.
package enum Suggestion {
    /// The candidate nearest to a mistyped name, ignoring case; of equally near ones the first wins.
    /// - Returns: nil when none is near enough, that is, more than a third of the letters differ.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars)
        guard !wanted.isEmpty, wanted.count <= 100 else { return nil }
        var bound = max(1, wanted.count / 3)
        var nearest: String?
        for candidate in candidates {
            let letters = Array(candidate.lowercased().unicodeScalars)
            guard let distance = distance(wanted, letters, atMost: bound) else { continue }
            nearest = candidate
            guard distance > 0 else { break }
            bound = distance - 1
        }
        return nearest
    }

    /// The edit distance: letters added, removed, changed or swapped with a neighbour; nil when beyond the bound.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar], atMost bound: Int) -> Int? {
        guard abs(left.count - right.count) <= bound else { return nil }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(change, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            guard current.contains(where: { $0 <= bound }) else { return nil }
            (beforeLast, last) = (last, current)
        }
        return last[right.count] <= bound ? last[right.count] : nil
    }
}
