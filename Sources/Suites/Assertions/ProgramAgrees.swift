package import Language
import Runtime

/// `exec: {command: [./check-tone.py, strict]}`: a program finds the answer good. It reads the answer as JSON on its standard
/// input, and writes `{"pass": true}`, perhaps with `reason` and `score`.
package struct ProgramAgrees: Assertion, SpecDecodable {
    package static let key = Key(
        "exec", Reading.object(ProgramAgrees.self), example: "{command: [./check-tone.py]}",
        "A program that must find the answer good: it reads the answer as JSON and writes `{\"pass\": true}`; programs run "
            + "only when the run allows it.")

    private static let command = Key(
        "command", .located(.list(.located(.someText), minimum: 1).shaped(.command)), required: true,
        example: "[./check-tone.py, strict]",
        "The program, relative to the file that names it or found in `PATH`, and its arguments.")
    private static let timeout = Key("timeout", .duration, default: "30s", "How long it may take.")
    package static let noun = "an `exec`"
    package static let fields = [command.field, timeout.field]

    let question: ProgramQuestion

    package init(from fields: inout Fields) {
        let missing = Located<[Located<String>]>([], at: fields.node.range)
        let command = fields.require(Self.command, else: missing)
        question = ProgramQuestion(command, timeout: fields.read(Self.timeout) ?? .seconds(30))
    }

    package var inquiries: [Inquiry] { [.program(question)] }

    package var claim: String { "is good by the program `\(question.command.value.joined(separator: " "))`" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard case .program(let verdict) = try observation.feedback(of: .program(question)) else { throw .notAsked }
        let reason = verdict.reason.map { ": \($0)" } ?? ""
        return .passing(
            verdict.passes,
            else: Mismatch(
                "The program `\(question.command.value.first ?? "")` finds the answer bad\(reason)\(reason.hasSuffix(".") ? "" : ".")",
                expected: "a good answer", actual: verdict.score.map { "a score of \($0.plain)" }))
    }
}
