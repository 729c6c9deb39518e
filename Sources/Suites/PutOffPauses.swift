import Runtime

/// The pauses before a question is put again that a model's server has put off: as long as it says, or else longer each time.
struct PutOffPauses {
    private var wait = Duration.seconds(1)

    mutating func next(after putOff: Answer.PutOff) -> Duration {
        defer { wait = min(wait * 2, .seconds(8)) }
        return putOff.wait ?? wait
    }
}
