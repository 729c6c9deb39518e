import Language

extension Ballot.Vote {
    /// Why a reply of a judge is no vote, as the end of a sentence.
    struct Malformed: Error, Hashable {
        let reason: String
    }

    /// Reads a reply: a JSON object, alone or in one Markdown code fence.
    /// - Parameter scale: The best mark, when the judge gives marks.
    init(reply text: String, scale: Int?) throws(Malformed) {
        guard !text.trimmed.isEmpty else { throw Malformed(reason: "the reply is empty") }
        guard let reply = text.jsonInAnswer, let fields = reply.object else {
            throw Malformed(reason: "the reply is not one JSON object")
        }
        // Which of the two is meant, nobody knows.
        if let key = text.repeatedKeyInAnswer { throw Malformed(reason: "the reply has `\(key)` twice") }
        guard let reason = fields["reason"]?.string else {
            throw Malformed(reason: "the reply has no text as `reason`")
        }
        guard let scale else {
            switch fields["verdict"]?.string {
            case "pass": self.init(passes: true, reason: reason)
            case "fail": self.init(passes: false, reason: reason)
            case _: throw Malformed(reason: "the reply's `verdict` is neither `pass` nor `fail`")
            }
            return
        }
        guard let mark = fields["mark"]?.integer, (1...scale).contains(mark) else {
            throw Malformed(reason: "the reply's `mark` is no whole number from 1 to \(scale)")
        }
        self.init(mark: mark, reason: reason)
    }
}
