import ArgumentParser

/// `drover completions`.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script of a shell.",
        discussion: """
            EXAMPLES
              drover completions bash > ~/.local/share/bash-completion/completions/drover
              drover completions zsh > ~/.zfunc/_drover
              drover completions fish > ~/.config/fish/completions/drover.fish
            """)

    /// The supported shells.
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        switch shell {
        case .bash: Console.out(Drover.completionScript(for: .bash))
        case .zsh: Console.out(Drover.completionScript(for: .zsh))
        case .fish: Console.out(Drover.completionScript(for: .fish))
        }
    }
}
