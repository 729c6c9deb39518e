/// A suite that a plan endangers, because something that it tests changes.
package struct EndangeredSuite: Sendable, Hashable, Codable {
    /// One of its cases.
    package struct Case: Sendable, Hashable, Codable {
        package let name: String
        /// What its samples used in the last run; nil when that is not known.
        package let tokens: Int?

        package init(name: String, tokens: Int? = nil) {
            self.name = name
            self.tokens = tokens
        }
    }

    package let name: String
    /// How many cases it has.
    package let cases: Int
    /// How many of them stand on earlier results, and are not run again.
    package let standing: Int
    /// What its last run used; nil when that is not known.
    package let tokens: Int?
    /// The cases that are to be run, in declaration order.
    package let endangered: [Case]

    package init(name: String, cases: Int, standing: Int = 0, tokens: Int? = nil, endangered: [Case] = []) {
        self.name = name
        self.cases = cases
        self.standing = standing
        self.tokens = tokens
        self.endangered = endangered
    }
}
