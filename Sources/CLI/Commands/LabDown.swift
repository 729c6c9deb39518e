import ArgumentParser
import Lab

/// `drover lab down`.
struct LabDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the servers that this directory's lab started.")

    @OptionGroup var lab: LabOptions

    @Flag(help: "Also remove all data and logs of the lab.")
    var purge = false

    func run() async throws {
        try await lab.withLab(report: LabProgress.report) { lab in
            guard try await lab.down(purge: purge) else {
                Console.out(LabText.noLab(at: lab.place, isStarting: false))
                return
            }
            Console.out(purge ? "Stopped, and its data is removed." : "Stopped. Its data is kept for the next start.")
        }
    }
}
