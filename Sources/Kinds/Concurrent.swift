extension Collection where Element: Sendable, Self: Sendable {
    /// Maps all elements, at most `limit` concurrently; the results keep the order.
    func concurrentMap<Result: Sendable>(
        limit: Int, _ transform: @escaping @Sendable (Element) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Result?] = Array(repeating: nil, count: count)
            var pending = enumerated().makeIterator()
            for _ in 0..<limit {
                guard let (index, element) = pending.next() else { break }
                group.addTask { (index, try await transform(element)) }
            }
            while let (index, result) = try await group.next() {
                results[index] = result
                if let (next, element) = pending.next() { group.addTask { (next, try await transform(element)) } }
            }
            return results.compactMap(\.self)
        }
    }
}
