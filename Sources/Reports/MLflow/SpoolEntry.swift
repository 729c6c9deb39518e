import Language
import Runtime
import Suites
import Wire

/// One line of a spool, a JSON object with one key: an evaluation run before its first trace, a trace, the run's end,
/// what it gives as evidence, or what MLflow has of it by now.
struct SpoolEntry: Sendable, Codable {
    /// What `runs/create` and `runs/log-inputs` are to say.
    struct Run: Sendable, Codable {
        let suite: String
        /// The address of the MLflow that it is for.
        let server: String
        let place: MLflowPlace
        /// The tag by which a run that was started already is found, and its value.
        let keyTag: String
        let key: String
        let startTime: Int
        let tags: [String: String]
        let dataset: MLflowRunDataset
        /// What its samples count under, if they are evidence.
        let evidence: Standing?
        /// The path of the run's log, which tells what it found when it is killed.
        let log: String?
    }

    /// What samples count under, without those that stand there already.
    struct Standing: Sendable, Codable {
        let key: String
        let logical: String?
        /// In seconds.
        let maxAge: Int
        /// MLflow's ids of the experiments where others of its evidence may stand; nil from an earlier drover.
        let places: [String]?

        init(_ standing: StandingEvidence) {
            places = standing.places
            key = standing.key
            logical = standing.logical
            maxAge = Int(standing.maxAge.components.seconds)
        }

        func standing(after earlier: EarlierSamples) -> StandingEvidence {
            StandingEvidence(key: key, logical: logical, maxAge: .seconds(maxAge), earlier: earlier)
        }
    }

    struct Trace: Sendable, Codable {
        let suite: String
        var trace: MLflowTrace
    }

    struct End: Sendable, Codable {
        let suite: String
        let metrics: [String: Double]
        let tags: [String: String]
        let passed: Bool
        let time: Int
        /// What the suite gives as evidence, without the run that it stands on.
        let evidence: Evidence?
        /// The path of the run's log, from which its reports are made.
        let log: String?
        /// Whether what it gives as evidence is said later, by `settled`; nil for no.
        let isOpen: Bool?
    }

    /// What a suite that had ended before gives as evidence.
    struct Settled: Sendable, Codable {
        let suite: String
        /// Without the run that it stands on; nil for none.
        let evidence: Evidence?
    }

    /// What MLflow answered that it has of a suite. Where such an answer was lost, the same is sent once more, which changes
    /// nothing there.
    struct Sent: Sendable, Codable {
        let suite: String
        /// MLflow's id of the run that has it: another run has none of it.
        let run: String
        /// The ids of traces, also of those that it refused for good; nil for none.
        var traces: [String]?
        /// The prompts of the traces so far, as MLflow links them; nil for none.
        var prompts: Value?
        /// Whether its reports are there, or never will be; nil for no.
        var hasReports: Bool?
        /// Whether nothing of the suite is missing; nil for no.
        var isWhole: Bool?
    }

    var run: Run?
    var trace: Trace?
    var end: End?
    var settled: Settled?
    var sent: Sent?

    /// UTF-8 with a line break.
    var line: [UInt8] {
        get throws { Array(try Value(encoding: self).canonicalJSON.utf8) + [UInt8(ascii: "\n")] }
    }

    init(run: Run? = nil, trace: Trace? = nil, end: End? = nil, settled: Settled? = nil, sent: Sent? = nil) {
        self.run = run
        self.trace = trace
        self.end = end
        self.settled = settled
        self.sent = sent
    }

    init(line: [UInt8]) throws {
        self = try Value(json: line).decoded()
    }

    /// Whether a line holds a trace, without a look at all of it.
    static func isTrace(_ line: [UInt8]) -> Bool { line.starts(with: #"{"trace":"#.utf8) }
}
