import ArgumentParser

@main
struct Drover: AsyncParsableCommand {
    mutating func run() async throws {}
}
