import Language
import Testing

@Suite("Durations")
struct DurationsTests {
    @Test(
        "Durations are rounded once, for readers and for programs",
        arguments: [
            (0, "0 ms", "0.000"), (84, "84 ms", "0.084"), (999, "999 ms", "0.999"), (1000, "1.0 s", "1.000"),
            (3249, "3.2 s", "3.249"), (3250, "3.3 s", "3.250"), (59_949, "59.9 s", "59.949"),
            (59_950, "1 min 0 s", "59.950"), (125_400, "2 min 5 s", "125.400"),
        ])
    func durations(milliseconds: Int, spelled: String, seconds: String) {
        #expect(Duration.milliseconds(milliseconds).spelled == spelled)
        #expect(Duration.milliseconds(milliseconds).seconds == seconds)
    }

    @Test(
        "A limit, and what is compared with it, is told to the millisecond",
        arguments: [
            ("0s", "0 ms"), ("250ms", "250 ms"), ("1s", "1 s"), ("1.5s", "1.5 s"), ("2.041s", "2.041 s"),
            ("2.04s", "2.04 s"), ("10s", "10 s"), ("100s", "1 min 40 s"), ("60s", "1 min"), ("90.25s", "1 min 30.25 s"),
            ("120m", "2 h"), ("1.5h", "1 h 30 min"), ("12h", "12 h"), ("3601s", "1 h 1 s"), ("7d", "168 h"),
        ])
    func limits(written: String, exact: String) throws {
        #expect(try #require(Quantity.duration(written)).exact == exact)
    }

    @Test("A duration fits into nanoseconds of 64 bits; a longer one is none")
    func longest() throws {
        #expect(try #require(Quantity.duration("8999999999s")).nanoseconds == 8_999_999_999_000_000_000)
        #expect(Quantity.duration("9223372037s") == nil)
    }

    @Test(
        "Nothing but a number with a unit is a duration", arguments: ["", "s", "1", "1 s", "-1s", ".5s", "1.s", "1h5m"])
    func noDuration(text: String) {
        #expect(Quantity.duration(text) == nil)
    }
}
