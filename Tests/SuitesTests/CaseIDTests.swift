import Testing

@testable import Suites

@Suite("Names and days")
struct CaseIDTests {
    @Test(
        "A slug keeps letters and digits and joins words with dashes",
        arguments: [
            ("refund window", "refund-window"), ("  Order #4411, broken! ", "order-4411-broken"), ("Größe", "größe"),
            ("!?", "case"), ("", "case"), ("A", "a"), ("a\tB  C-9", "a-b-c-9"), ("x é Y", "x-é-y"), ("²", "²"),
        ])
    func slug(name: String, expected: String) {
        #expect(CaseID(suite: "s", name: name).slug == expected)
    }

    @Test(
        "An id is read as it was written",
        arguments: [nil, "[row 3]", "{tone=angry}", "[row 3]{tone=angry}", #"{a={"b":[1]},c="x]y{"}"#, "{a=b/c}"])
    func variants(variant: String?) {
        let id = CaseID(suite: "golden", name: "Refund window", variant: variant)
        #expect(id.description == "golden/refund-window" + (variant ?? ""))
        #expect(CaseID(id.description) == id)
        #expect(id.row == (variant?.hasPrefix("[row 3]") == true ? "[row 3]" : nil))
    }

    @Test("Only days that exist are read", arguments: ["2027-01-31", "2024-02-29", "2000-02-29"])
    func days(text: String) throws {
        #expect(try #require(CalendarDay(text)).description == text)
    }

    @Test(
        "Everything else is refused",
        arguments: [
            "2027-02-29", "1900-02-29", "2027-13-01", "2027-00-10", "2027-1-31", "31.01.2027", "2027-04-31",
            "２０２７-01-01",
        ])
    func noDays(text: String) {
        #expect(CalendarDay(text) == nil)
    }

    @Test(
        "A time is a day in UTC",
        arguments: [
            (0, "1970-01-01"), (86_399, "1970-01-01"), (86_400, "1970-01-02"), (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"), (1_709_251_200, "2024-03-01"), (1_798_675_200, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
        ])
    func time(seconds: Int, expected: String) {
        #expect(CalendarDay(secondsSince1970: seconds).description == expected)
    }

    @Test("Days are in the order of the calendar")
    func order() throws {
        #expect(try #require(CalendarDay("2026-12-31")) < #require(CalendarDay("2027-01-01")))
    }
}
