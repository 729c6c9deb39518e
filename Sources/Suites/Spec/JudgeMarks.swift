package import Engine
package import Language

extension Workflow {
    /// The marks that no answer can get from the judge that is asked.
    package var impossibleMarks: [Diagnostic] {
        let judges = Dictionary(specs(of: JudgeSpec.self).map { ($0.declaration.address.name, $0.spec.scale) }) { $1 }
        return specs(of: SuiteSpec.self).flatMap(\.spec.marks).compactMap { judge, atLeast in
            guard let scale = judges[judge.value] else { return nil }
            guard let scale else { return .noMarks(judge) }
            return atLeast > scale ? .beyondScale(judge, atLeast, scale) : nil
        }
    }
}

extension Diagnostic {
    fileprivate static func noMarks(_ judge: Located<String>) -> Diagnostic {
        Diagnostic(
            "judge-without-marks", "A mark of a judge that gives none",
            detail: "`atLeast` asks for a mark, and the judge `\(judge.value)` has no `scale`: it only says yes or no.",
            fix: "Give the judge a `scale`, or leave `atLeast` out.", at: judge.range)
    }

    fileprivate static func beyondScale(_ judge: Located<String>, _ atLeast: Int, _ scale: Int) -> Diagnostic {
        Diagnostic(
            "impossible-mark", "A mark that no answer can get",
            detail: "The best mark of the judge `\(judge.value)` is \(scale), and `atLeast` is \(atLeast).",
            fix: "Lower `atLeast`, or raise the judge's `scale`.", at: judge.range)
    }
}
