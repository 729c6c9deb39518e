import Dispatch
import Language
import Testing

@Suite("Searches that do not come to an end")
struct LimitedMatchTests {
    /// Searches that go on until the test ends them.
    private final class Endless: Sendable {
        private let isOver = DispatchSemaphore(value: 0)
        private let limit = Duration.milliseconds(10)
        let searches = LeftSearches(most: 2)

        /// - Returns: why it was given up.
        func search(_ pattern: String) -> SearchGivenUp? {
            do throws(SearchGivenUp) {
                _ = try LimitedMatch.result(of: pattern, within: limit, among: searches) { self.isOver.wait() }
                return nil
            } catch {
                return error
            }
        }

        func end(_ count: Int) {
            for _ in 0..<count { isOver.signal() }
        }
    }

    private func found(_ pattern: String, among searches: LeftSearches) throws -> String {
        try LimitedMatch.result(of: pattern, within: .seconds(60), among: searches) { pattern }
    }

    @Test("One pattern that never ends is not tried again, and all others are")
    func others() throws {
        let endless = Endless()
        defer { endless.end(1) }
        #expect(endless.search("(a+)+$") == .late(.milliseconds(10)))
        for _ in 0..<20 { #expect(endless.search("(a+)+$") == .going(.milliseconds(10))) }
        for pattern in (0..<50).map({ "[0-9]{\($0)}" }) {
            #expect(try found(pattern, among: endless.searches) == pattern)
        }
    }

    @Test("Searches for one pattern at the same time leave one thread to itself")
    func together() async {
        let endless = Endless()
        defer { endless.end(1) }
        let all = await withTaskGroup(of: SearchGivenUp?.self) { group in
            for _ in 0..<8 { group.addTask { endless.search("(a+)+$") } }
            return await group.reduce(into: [SearchGivenUp?]()) { $0.append($1) }
        }
        #expect(all.count { $0 == .late(.milliseconds(10)) } == 1)
        #expect(all.count { $0 == .going(.milliseconds(10)) } == 7)
    }

    @Test("With too many patterns that never end, no other begins until one of them has ended")
    func most() throws {
        let endless = Endless()
        defer { endless.end(1) }
        #expect(endless.search("a") != nil && endless.search("b") != nil)
        #expect(endless.search("c") == .crowded(2))
        #expect(throws: SearchGivenUp.crowded(2)) { try found("d", among: endless.searches) }
        endless.end(1)
        let end = ContinuousClock.now + .seconds(60)
        while (try? found("d", among: endless.searches)) == nil, ContinuousClock.now < end {}
        #expect(try found("d", among: endless.searches) == "d")
    }

    @Test("Each reason names the pattern and says what goes on")
    func reasons() {
        let reasons = [SearchGivenUp.late(.seconds(2)), .going(.seconds(2)), .crowded(8)].map { $0.reason("(a+)+$") }
        #expect(reasons.allSatisfy { $0.contains("`(a+)+$`") && $0.contains("too many ways") })
        #expect(reasons.prefix(2).allSatisfy { $0.contains("given up after 2 s") })
        #expect(reasons.last?.contains("8 other regular expressions") == true)
    }
}
