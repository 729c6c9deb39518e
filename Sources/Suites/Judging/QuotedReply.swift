import Language

/// What a judge or a program wrote in place of a verdict, in the reason why there is none. It may repeat the answer, so reports
/// that leave out what was said leave it out, too.
package enum QuotedReply {
    /// `` it wrote `It is good.` ``
    static func words(_ reply: String) -> String {
        let said = reply.trimmed
        return said.isEmpty ? "it wrote nothing" : "it wrote `\(said.excerpt(100).replacing("`", with: "'"))`"
    }

    /// A reason without what was written.
    package static func leftOut(of reason: String) -> String {
        reason.replacing(/it wrote `[^`]*`/, with: "it wrote something else")
    }
}
