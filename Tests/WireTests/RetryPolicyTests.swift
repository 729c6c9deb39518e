import Testing
import Wire

@Suite struct RetryPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let why: String
        let failure: RetryPolicy.Failure
        let attempt: Int
        let repetition: RetryPolicy.Repetition
        let retries: Bool

        init(_ why: String, _ failure: RetryPolicy.Failure, attempt: Int = 1, repeatable: Bool, retries: Bool) {
            self.init(why, failure, attempt: attempt, repeatable ? .free : .never, retries: retries)
        }

        init(
            _ why: String, _ failure: RetryPolicy.Failure, attempt: Int = 1, _ repetition: RetryPolicy.Repetition,
            retries: Bool
        ) {
            self.why = why
            self.failure = failure
            self.attempt = attempt
            self.repetition = repetition
            self.retries = retries
        }

        var testDescription: String { why }
    }

    static let cases = [
        Case("A refused connection executed nothing", .transport(.unreachable), repeatable: false, retries: true),
        Case(
            "Connections that are closed meanwhile make room for another", .transport(.tooManyOpenFiles),
            repeatable: false, retries: true),
        Case("A bad certificate stays bad", .transport(.tls), repeatable: true, retries: false),
        Case("A lost answer may hide a success", .transport(.timeout), repeatable: false, retries: false),
        Case("What may be repeated is, after a lost answer", .transport(.timeout), repeatable: true, retries: true),
        Case("A broken connection likewise", .transport(.broken), repeatable: false, retries: false),
        Case("429 asks for patience", .status(429, retryAfter: nil), repeatable: true, retries: true),
        Case("A create is not repeated on 503", .status(503, retryAfter: nil), repeatable: false, retries: false),
        Case("Where one can look, a 429 did nothing", .status(429, retryAfter: nil), .afterLook, retries: true),
        Case("and so did a 503 that says until when", .status(503, retryAfter: .zero), .afterLook, retries: true),
        Case("but not one that does not", .status(503, retryAfter: nil), .afterLook, retries: false),
        Case("nor a gateway that waited in vain", .status(504, retryAfter: .zero), .afterLook, retries: false),
        Case(
            "Where twice does harm, only the server's own 429", .status(429, retryAfter: .zero), .afterLookIfRefused,
            retries: true),
        Case(
            "and not what a gateway says", .status(503, retryAfter: .zero), .afterLookIfRefused, retries: false),
        Case(
            "nor a lost answer", .transport(.broken), .afterLookIfRefused, retries: false),
        Case("Without a look, not even then", .status(429, retryAfter: .zero), .never, retries: false),
        Case("A 500 is tried once more", .status(500, retryAfter: nil), repeatable: true, retries: true),
        Case("but only once", .status(500, retryAfter: nil), attempt: 2, repeatable: true, retries: false),
        Case("501 is permanent", .status(501, retryAfter: nil), repeatable: true, retries: false),
        Case("404 is an answer", .status(404, retryAfter: nil), repeatable: true, retries: false),
        Case(
            "The last is the last", .status(503, retryAfter: nil), attempt: 5, repeatable: true, retries: false),
        Case(
            "A wait past the deadline is no use", .status(503, retryAfter: .seconds(3600)), repeatable: true,
            retries: false
        ),
    ]

    @Test("Whether a request is sent again depends on what failed and what it would do twice", arguments: cases)
    func repetitions(_ test: Case) {
        let backoff = RetryPolicy.standard.backoff(
            after: test.failure, attempt: test.attempt, elapsed: .zero, repetition: test.repetition, random: 1
        )
        #expect((backoff != nil) == test.retries)
    }

    @Test("Waits double up to the cap, and the random number picks within the upper half")
    func backOff() {
        let policy = RetryPolicy(attempts: 9, base: .seconds(1), cap: .seconds(5), deadline: .seconds(100))
        func wait(_ attempt: Int, _ random: Double) -> Duration? {
            policy.backoff(
                after: .status(503, retryAfter: nil), attempt: attempt, elapsed: .zero, repetition: .free,
                random: random
            )
        }
        #expect(wait(1, 1) == .seconds(1))
        #expect(wait(1, 0) == .milliseconds(500))
        #expect(wait(3, 1) == .seconds(4))
        #expect(wait(4, 1) == .seconds(5))
    }

    @Test("A caller with a limit of its own waits for what the server put off, however often, and for nothing else")
    func putOff() {
        var policy = RetryPolicy.standard
        policy.waitsWhenPutOff = true
        func wait(_ failure: RetryPolicy.Failure) -> Duration? {
            policy.backoff(after: failure, attempt: 99, elapsed: .seconds(7200), repetition: .never, random: 1)
        }
        #expect(wait(.status(429, retryAfter: .seconds(900))) == .seconds(900))
        #expect(wait(.status(429, retryAfter: nil)) == .seconds(8))
        #expect(wait(.status(503, retryAfter: .zero)) == nil)
        #expect(wait(.transport(.broken)) == nil)
    }

    @Test("The server's own wish lengthens the wait; one for no wait at all is no reason to ask without end")
    func retryAfter() {
        var policy = RetryPolicy(attempts: 9, base: .seconds(1), cap: .seconds(5), deadline: .seconds(100))
        for waits in [false, true] {
            policy.waitsWhenPutOff = waits
            func wait(_ wish: Duration) -> Duration? {
                policy.backoff(
                    after: .status(429, retryAfter: wish), attempt: 3, elapsed: .zero, repetition: .free, random: 0)
            }
            #expect(wait(.seconds(7)) == .seconds(7))
            #expect(wait(.zero) == .seconds(2))
        }
    }

    @Test("An unreachable server is given up within two seconds")
    func unreachable() {
        var elapsed = Duration.zero
        var attempt = 1
        while let wait = RetryPolicy.standard.backoff(
            after: .transport(.unreachable), attempt: attempt, elapsed: elapsed, repetition: .free, random: 1
        ) {
            elapsed += wait
            attempt += 1
        }
        #expect(attempt > 1)
        #expect(elapsed < .seconds(2))
    }
}
