import Language
import Testing

@Suite("Secrets")
struct SecretTests {
    @Test(
        "Line ends behind a secret are no part of it",
        arguments: ["k-123", "k-123\n", "k-123\n\n", "k-123\r\n", "k-123\r\n\r\n", "k-123\r"])
    func stored(text: String) {
        #expect(Secret(stored: text).revealed == "k-123")
    }

    @Test("What stands before is kept, and only what a header can hold fits one")
    func headers() {
        #expect(Secret(stored: " k \n").revealed == " k ")
        #expect(Secret(stored: "\r\n").isEmpty)
        #expect(Secret("k-\u{E9} 1\t2").fitsHeader)
        for text in ["a\nb", "a\r\nb", "a\rb", "a\u{0}", "a\u{7F}b", "\na"] { #expect(!Secret(text).fitsHeader) }
    }

    @Test("A secret that fits no header is not shown")
    func unfit() {
        let told = Diagnostic.unfitSecret(from: "the file `token`", at: nil)
        #expect(told.detail.contains("the file `token`") && !told.detail.contains("k-123"))
    }
}
