import ArgumentParser

/// The options for where a server of agents listens, and for whom.
struct ListeningOptions: ParsableArguments {
    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes any that is free.")
    var port = 8000

    @Flag(help: "Answer everybody who reaches the address, even when others than this machine do.")
    var allowAnonymous = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535.") }
        guard isLoopback || allowAnonymous else {
            throw ValidationError(
                "\(host) can be reached from other machines, so that everybody there may use the agents and the servers "
                    + "behind. Add --allow-anonymous if that is meant.")
        }
    }

    /// The URL at which it is reached.
    func address(port: Int) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    private var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.wholeMatch(of: /127\.\d{1,3}\.\d{1,3}\.\d{1,3}/) != nil
    }
}
