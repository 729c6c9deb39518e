import Language

extension Fields {
    /// Reports judges and programs whose names are not written out but refer to something.
    ///
    /// - Parameter expectations: Those of this map, with any text in the places of its references.
    mutating func reportOpenNames(in expectations: [Expectation]) {
        let open = Set(node.references.map(\.range))
        let judges = expectations.flatMap(\.judges).map(\.range).filter(open.contains)
        let programs = expectations.flatMap(\.inquiries).compactMap(\.program?.place).filter(open.contains)
        problems.report(judges.map { .openJudge(at: $0) } + programs.map { .openProgram(at: $0) })
    }
}

extension Diagnostic {
    fileprivate static func openJudge(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "reference-not-allowed", "Reference where none can stand",
            detail:
                "The name of a judge cannot come from a row, a matrix or an answer: which judges a suite asks, and how "
                + "good they are, is known before it runs.",
            fix: "Name the judge, and make a case for each that is to be asked.", at: range)
    }

    fileprivate static func openProgram(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "reference-not-allowed", "Reference where none can stand",
            detail:
                "The name of a program cannot come from a row, a matrix or an answer: what is run on this machine "
                + "stands in the spec.",
            fix: "Name the program; its arguments may hold such values.", at: range)
    }
}
