/// The text of an answer as it is streamed, with messages separated as in the final text.
struct SpokenText {
    private(set) var text = ""
    /// The time of the first chunk; nil before.
    private(set) var timeToFirstToken: Duration?
    private var message: String?

    /// Adds a chunk of a message.
    ///
    /// - Returns: the text that it adds.
    mutating func add(_ piece: String, of message: String?, at time: Duration) -> String {
        if timeToFirstToken == nil { timeToFirstToken = time }
        let isAnother = self.message != nil && self.message != message && !text.isEmpty
        self.message = message
        let added = isAnother ? "\n" + piece : piece
        text += added
        return added
    }
}
