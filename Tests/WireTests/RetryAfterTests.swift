import Testing

@testable import Wire

@Suite("RetryAfter")
struct RetryAfterTests {
    @Test(
        "Seconds and dates say how long to wait",
        arguments: [
            ("3", 3), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 60), ("Thu, 22 Oct 2026 07:27:00 GMT", 86_400),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Mon, 01 Mar 2027 00:00:00 GMT", 86_400), ("soon", nil),
            ("-1", nil), ("Wed, 21 Oct 2026", nil), ("1e30", 86_400), ("90000", 86_400), ("inf", nil), ("nan", nil),
            ("Wed, 21 Oct 2026 9223372036854775807:28:00 GMT", nil), ("Wed, 21 Oct 2026 24:00:00 GMT", nil),
            ("Wed, 21 Oct 2026 07:60:00 GMT", nil), ("Wed, 21 Oct 2026 -7:28:00 GMT", nil),
        ] as [(String, Int?)])
    func read(text: String, seconds: Int?) {
        let waited = RetryAfter(text, at: "Wed, 21 Oct 2026 07:27:00 GMT")?.duration
        #expect(waited == seconds.map { .seconds($0) })
    }

    @Test("A leap day is a day")
    func leap() {
        let waited = RetryAfter("Wed, 01 Mar 2028 00:00:00 GMT", at: "Tue, 29 Feb 2028 12:00:00 GMT")?.duration
        #expect(waited == .seconds(43_200))
    }
}
