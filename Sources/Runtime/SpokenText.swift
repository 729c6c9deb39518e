/// The text of an answer as it is streamed, with messages separated as in the final text.
struct SpokenText {
    private(set) var text = ""
    /// How many bytes of the text are kept, roughly: the chunk that reaches the limit is the last.
    var keeping = Int.max
    /// The time of the first chunk; nil before.
    private(set) var timeToFirstToken: Duration?
    private var message: String?
    private var hasText = false

    /// Adds a chunk of a message.
    ///
    /// - Returns: the text that it adds.
    mutating func add(_ piece: String, of message: String?, at time: Duration) -> String {
        if timeToFirstToken == nil { timeToFirstToken = time }
        let isAnother = self.message != nil && self.message != message && hasText
        self.message = message
        hasText = hasText || !piece.isEmpty
        let added = isAnother ? "\n" + piece : piece
        if text.utf8.count < keeping { text += added }
        return added
    }
}
