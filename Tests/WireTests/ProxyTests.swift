import Language
import Testing

@testable import Wire

@Suite("Proxies")
struct ProxyTests {
    @Test(
        "`NO_PROXY` knows names, ports, addresses and networks",
        arguments: [
            ("example.com", "http://example.com", true), ("example.com", "https://a.example.com/x", true),
            ("example.com", "http://notexample.com", false), (".Example.com", "http://A.example.COM", true),
            ("*.example.com", "http://a.example.com", true), ("*", "http://a", true), ("", "http://a", false),
            ("a:5000", "http://a:5000/x", true), ("a:5000", "http://a:5001", false), ("a:80", "http://a", true),
            ("a:443", "https://a", true), ("a:80", "https://a", false), ("10.1.2.3", "http://10.1.2.3:5000", true),
            ("10.1.2.3:5000", "http://10.1.2.3:5000", true), ("10.1.2.3:5000", "http://10.1.2.3", false),
            ("10.0.0.0/8", "http://10.200.1.1", true), ("10.0.0.0/8", "http://11.0.0.1", false),
            ("10.0.0.0/8", "http://10.example.com", false), ("192.168.4.0/22", "http://192.168.7.255", true),
            ("192.168.4.0/22", "http://192.168.8.0", false), ("0.0.0.0/0", "http://1.2.3.4", true),
            ("10.0.0.0/33", "http://10.0.0.1", false), ("10.0.0.0/x", "http://10.0.0.1", false),
            ("fd00::/8", "http://[fd12::1]:5000", true), ("fd00::/8", "http://[fe80::1]", false),
            ("[fd00::1]:5000", "http://[fd00::1]:5000", true), ("[fd00::1]:5000", "http://[fd00::1]", false),
            ("fd00::1", "http://[fd00:0::1]", true), ("", "http://127.0.0.2:1", true), ("", "http://[::1]:1", true),
            ("", "http://localhost:1", true),
        ])
    func exceptions(entry: String, url: String, isDirect: Bool) {
        #expect(ProxyExceptions([entry]).contain(url) == isDirect, "\(entry) \(url)")
    }

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
