package import Language

/// One of several parts of a run that share nothing: `2/5` is the second of five.
package struct Shard: Sendable, Hashable, Codable, CustomStringConvertible {
    /// From 1.
    package let number: Int
    package let of: Int

    /// Reads `2/5`; `auto/5` takes the number from the index of a Kubernetes Indexed Job, which counts from 0.
    /// - Throws: `Diagnostic` for anything else, such as `6/5` or `0/5`.
    package init(_ text: String, jobIndex: String?) throws(Diagnostic) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let of = Int(parts[1]), (1...10_000).contains(of) else {
            throw .badShard(text, "is no shard")
        }
        if parts[0] == "auto" {
            guard let jobIndex else { throw .noJobIndex(text) }
            guard let index = Int(jobIndex) else {
                throw .badShard(text, "takes its number from `JOB_COMPLETION_INDEX`, and `\(jobIndex)` is no number")
            }
            guard (0..<of).contains(index) else {
                throw .badShard(text, "has no place for `JOB_COMPLETION_INDEX`, which is \(index)")
            }
            number = index + 1
        } else {
            guard let number = Int(parts[0]) else { throw .badShard(text, "is no shard") }
            guard (1...of).contains(number) else {
                throw .badShard(text, "is no shard: \(number) is not one of 1 to \(of)")
            }
            self.number = number
        }
        self.of = of
    }

    package var description: String { "\(number)/\(of)" }

    /// The cases that this shard runs, and the suites that have any of them. Cases are dealt by the digests of their ids: the
    /// same for each shard, so that all of them together are everything, once.
    /// - Throws: `Diagnostic` when there are fewer cases than shards, and none is left for this one.
    package func dealt(from suites: [TestSuite]) throws(Diagnostic) -> [TestSuite] {
        let ids = suites.flatMap { $0.cases.map(\.id) }
        let order = ids.map { (digest: sha256Hex(Array($0.description.utf8)), id: $0) }.sorted { $0.digest < $1.digest }
        let mine = Set(stride(from: number - 1, to: order.count, by: of).map { order[$0].id })
        guard !mine.isEmpty else { throw .emptyShard(self, cases: ids.count) }
        return suites.map { suite in
            var suite = suite
            suite.cases = suite.cases.selecting { mine.contains($0.id) }
            return suite
        }.filter { !$0.cases.isEmpty }
    }
}

extension Diagnostic {
    fileprivate static func badShard(_ text: String, _ problem: String) -> Diagnostic {
        Diagnostic(
            "bad-shard", "Unusable shard", detail: "`\(text)` \(problem).", fix: "Write, for example, `2/5`.",
            cause: .usage)
    }

    fileprivate static func noJobIndex(_ text: String) -> Diagnostic {
        Diagnostic(
            "bad-shard", "Unusable shard",
            detail: "`\(text)` takes its number from `JOB_COMPLETION_INDEX`, which is not set.",
            fix: "Run it in an Indexed Job of Kubernetes, or write, for example, `2/5`.", cause: .usage)
    }

    fileprivate static func emptyShard(_ shard: Shard, cases: Int) -> Diagnostic {
        Diagnostic(
            "empty-shard", "Shard without cases",
            detail: "The shard \(shard) has no case, for there \(cases == 1 ? "is 1" : "are \(cases)").",
            fix: "Use at most as many shards as there are cases.", cause: .usage)
    }
}
