/// A judge that a suite asks.
struct JudgeRecord: Sendable, Hashable, Codable {
    let name: String
    /// The server's id.
    let model: String
    let digest: String
    let calibration: Calibration?

    init(_ judge: Judge) {
        name = judge.name
        model = judge.model
        digest = judge.digest
        calibration = judge.calibration
    }
}
