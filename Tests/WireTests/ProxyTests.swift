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
}
