import Testing
import Wire

/// Addresses of servers that come from flags and variables.
@Suite("WebAddress")
struct WebAddressTests {
    @Test(
        "An address that cannot be used is told without what may be a password in it",
        arguments: [
            "http://localhost:65536", "http://localhost:-1", "http://u:canary/word@localhost", "http://h/?token=canary",
            "http://h/#canary", "sqlite:///canary.db", "127.0.0.1:5000", "",
        ])
    func unusable(address: String) throws {
        let problem = try #require(WebAddress.problem(inServer: address))
        #expect(!problem.contains("canary"))
    }

    @Test(
        "User and password may stand in it",
        arguments: ["http://u:p@localhost:5000", "https://h", "http://[::1]:80/x/"])
    func usable(address: String) {
        #expect(WebAddress.problem(inServer: address) == nil)
    }

    @Test("Only what is no secret is shown")
    func shown() {
        #expect(WebAddress.shown("http://u:canary@h:80/mlflow/") == "http://h:80/mlflow")
        #expect(WebAddress.shown("http://h/?token=canary#canary") == "http://h/")
        #expect(!WebAddress.shown("http://u:canary/word@h").contains("canary"))
    }
}
