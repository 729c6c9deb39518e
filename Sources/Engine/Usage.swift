/// Why something that left the spec stays for now: what uses it, and is not removed with it.
package struct Usage: Sendable, Hashable {
    /// As a plan says it, with the name of the user: `` `agents.support` names it by its id ``.
    package let reason: String
    /// What lets it go with a part of the stack that is destroyed: ``Destroy `agents.support`, too.``
    package let remedy: String

    package init(reason: String, remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }
}
