/// The version of a server that a lab runs, said and stored as a text such as `0.7.3`.
package protocol LabVersion: RawRepresentable, Sendable, Hashable, Codable where RawValue == String {
    /// As the package index has it.
    var version: String { get }
    /// Whether drover's own tests run it; any other is tried with what the nearest one needs.
    var isTested: Bool { get }
    /// As in `Llama Stack`.
    var product: String { get }
    /// Product and version of the tested one that it is started like.
    var nearestTitle: String { get }
}

extension LabVersion {
    /// Product and version, as in `OGX 1.5.0`.
    package var title: String { "\(product) \(version)" }

    /// The numbers of a version, at least two: `[0, 7, 3]` of `0.7.3`; nil when the text is no version.
    static func numbers(of version: String) -> [Int]? {
        guard version.wholeMatch(of: /[0-9]+(\.[0-9]+){1,3}((a|b|rc|\.post|\.dev)[0-9]+)?/) != nil else { return nil }
        let numbers = version.prefix { $0 == "." || $0.isNumber }.split(separator: ".").map { Int($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }
}
