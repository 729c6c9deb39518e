import Testing

/// Does once, before the tests of a suite, what nothing disturbs; they compare with what it left.
struct Undisturbed: SuiteTrait, TestScoping {
    /// What was there at each point that the tests compare with, in order; nothing outside of such a suite.
    @TaskLocal static var worlds: [Contents] = []

    let act: @Sendable () async throws -> [Contents]

    /// What the tests compare with.
    static func world(_ number: Int) throws -> Contents {
        try #require(worlds.indices.contains(number) ? worlds[number] : nil)
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Self.$worlds.withValue(try await act()) { try await function() }
    }
}
