package import Language

/// The cases of a suite, in declaration order. Those of a table or a matrix are made when they are asked for, of the text of
/// their row, so that a table of any length takes no more than its text.
package struct TestCases: Sendable, RandomAccessCollection {
    enum Part: Sendable {
        case one(TestCase)
        case variants(VariantCases)

        fileprivate var count: Int {
            switch self {
            case .one: 1
            case .variants(let cases): cases.count
            }
        }

        /// The number of its cases that decide by a sequential test.
        fileprivate var tested: Int {
            switch self {
            case .one(let testCase): testCase.decidesByTest ? 1 : 0
            case .variants(let cases): cases.tested
            }
        }

        fileprivate func testCase(at index: Int) -> TestCase {
            switch self {
            case .one(let testCase): testCase
            case .variants(let cases): cases[index]
            }
        }
    }

    private let parts: [Part]
    /// For each part, how many cases come up to its end.
    private let ends: [Int]
    /// The number of all cases that decide by a sequential test, whatever is selected: α is divided over them.
    private let tested: Int
    /// Which of all cases are meant; nil for all.
    private var selected: [Int]?
    /// What counts beside the samples of a run, which then takes only what is missing; nil for nothing.
    private var standing: EarlierSamples?

    init(_ parts: [Part]) {
        self.parts = parts
        var end = 0
        ends = parts.map { part in
            end += part.count
            return end
        }
        tested = parts.map(\.tested).reduce(0, +)
    }

    package init(_ cases: [TestCase]) {
        self.init(cases.map { .one($0) })
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { selected?.count ?? ends.last ?? 0 }

    package subscript(index: Int) -> TestCase {
        let index = selected?[index] ?? index
        let part = part(of: index)
        var testCase = parts[part].testCase(at: index - (part == 0 ? 0 : ends[part - 1]))
        testCase.repetition = testCase.repetition.sharing(amongCases: tested)
        if let standing { testCase.repetition = testCase.repetition.after(standing.samples(of: testCase.id)) }
        return testCase
    }

    /// The SHA-256 of each table that it was read from, by its path.
    package var tables: [String: String] {
        Dictionary(files.map { ($0.path.value, $0.digest) }) { _, last in last }
    }

    /// The tables that it was read from, each once, with the SHA-256 of their texts.
    package var files: [(path: Located<String>, digest: String)] {
        var known: Set<String> = []
        return parts.compactMap { part in
            guard case .variants(let cases) = part, let read = cases.read else { return nil }
            return known.insert("\(read.path.value) \(read.digest)").inserted ? read : nil
        }
    }

    /// Where a case stands among all cases that were declared.
    func place(of index: Int) -> Int {
        selected?[index] ?? index
    }

    /// Whether only what is missing beside earlier samples is asked.
    var isRemainder: Bool { standing != nil }

    /// The same cases, of which only what is missing beside earlier samples is asked.
    func missing(beside earlier: EarlierSamples) -> TestCases {
        var rest = self
        rest.standing = earlier
        return rest
    }

    /// Those that something holds for.
    func selecting(where holds: (TestCase) -> Bool) -> TestCases {
        var selection = self
        selection.selected = indices.filter { holds(self[$0]) }.map { selected?[$0] ?? $0 }
        return selection
    }

    /// The first part that ends after an index.
    private func part(of index: Int) -> Int {
        var (low, high) = (0, ends.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= index { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
