/// The text of an answer as it is streamed, its messages parted as the final text parts them.
struct SpokenText {
    private(set) var text = ""
    /// When the first piece came; nil before.
    private(set) var timeToFirstToken: Duration?
    private var message: String?

    /// Takes a piece of a message.
    ///
    /// - Returns: what it adds to the text.
    mutating func add(_ piece: String, of message: String?, at time: Duration) -> String {
        if timeToFirstToken == nil { timeToFirstToken = time }
        let isAnother = self.message != nil && self.message != message && !text.isEmpty
        self.message = message
        let added = isAnother ? "\n" + piece : piece
        text += added
        return added
    }
}
