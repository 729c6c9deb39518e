import Language
import Testing

@testable import Wire

@Suite("Proxies")
struct ProxyTests {
    @Test("A password in the address of a proxy is not quoted, whatever it holds")
    func password() async {
        for proxy in ["http://me:se/cret@proxy:3128", "ftp://me:secret@proxy", "me:se/cret@proxy"] {
            let diagnostic = await #expect(throws: Diagnostic.self) {
                try await AsyncHTTPTransport.withTransport(proxies: .init(http: proxy)) { _ in }
            }
            #expect(diagnostic?.code == "bad-proxy")
            #expect(diagnostic?.detail.contains("cret") == false, "\(diagnostic?.detail ?? "")")
        }
    }

    @Test("That a proxy opens no tunnel is told with the place, and with what goes past it")
    func noTunnel() {
        let failure = TransportFailure.noTunnel(to: "http://mlflow.test:5000/version")
        #expect(failure.message == "the proxy refuses to tunnel to mlflow.test:5000")
        let error = WireError(
            .transport(failure.reason), service: "MLflow", operation: "read the version", method: .get,
            base: "http://mlflow.test:5000", path: "/version", message: failure.message)
        #expect(error.diagnostic().fix?.contains("`NO_PROXY`") == true)
    }
}
