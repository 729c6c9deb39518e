import ArgumentParser

/// `drover judge`.
struct JudgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge",
        abstract: "Find out how good the declared judges are.",
        discussion: """
            EXAMPLES
              drover judge calibrate grounded specs/judged
            """,
        subcommands: [JudgeCalibrateCommand.self])
}
