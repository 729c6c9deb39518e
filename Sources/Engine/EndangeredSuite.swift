/// A suite that a plan endangers, because something that it tests changes.
package struct EndangeredSuite: Sendable, Hashable, Codable {
    package let name: String
    package let cases: Int

    package init(name: String, cases: Int) {
        self.name = name
        self.cases = cases
    }
}
