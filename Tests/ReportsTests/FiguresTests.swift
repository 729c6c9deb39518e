import Testing

@testable import Reports

@Suite("Figures")
struct FiguresTests {
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
}
