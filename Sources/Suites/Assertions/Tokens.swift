package import Language
import Runtime

/// `tokens: {input: 2000, output: 300, total: 2200}`: the maximum token usage of the turn.
package struct Tokens: Assertion, SpecDecodable {
    package static let key = Key(
        "tokens", Reading.object(Tokens.self), example: "{total: 2000}", "The most tokens that the turn may use.")

    private static let input = Key("input", .integer(minimum: 0), "The most tokens of the prompt.")
    private static let output = Key("output", .integer(minimum: 0), "The most tokens of the answer.")
    private static let total = Key("total", .integer(minimum: 0), example: "2000", "The most tokens in all.")
    package static let noun = "a `tokens`"
    package static let rules = [FieldRule.atLeastOne(["input", "output", "total"])]
    package static let fields = [input.field, output.field, total.field]

    let input: Int?
    let output: Int?
    let total: Int?

    package init(from fields: inout Fields) {
        input = fields.read(Self.input)
        output = fields.read(Self.output)
        total = fields.read(Self.total)
    }

    package var claim: String { "uses at most \(text(input, output, total))" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard let usage = observation.answer.usage else {
            throw Unobservable("This server does not tell how many tokens an answer used.")
        }
        let fits = usage.input <= input ?? .max && usage.output <= output ?? .max && usage.total <= total ?? .max
        let actual = text(usage.input, usage.output, usage.total)
        return .passing(
            fits,
            else: Mismatch(
                "The turn used more tokens than it may.", expected: "at most \(text(input, output, total))",
                actual: actual))
    }

    private func text(_ input: Int?, _ output: Int?, _ total: Int?) -> String {
        [input.map { "\($0) input" }, output.map { "\($0) output" }, total.map { "\($0) total" }]
            .compactMap { $0 }.joined(separator: ", ") + " tokens"
    }
}
