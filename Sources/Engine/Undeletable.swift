package import Language

/// Why an object cannot be deleted. A plan that would delete it is refused; of what a replacement left over it says why that
/// stays.
package struct Undeletable: Error {
    /// What a plan is refused with.
    package let refusal: Diagnostic
    /// The same in a few words: `the server cannot list its files`.
    package let reason: String
    /// Whether it may be over another time: until then, what is left over of something declared stays ours.
    package let mayPass: Bool

    package init(_ refusal: Diagnostic, reason: String, mayPass: Bool) {
        self.refusal = refusal
        self.reason = reason
        self.mayPass = mayPass
    }

    /// The reason where only a diagnostic says it.
    static let foreign = "others have put something into it"
}

extension Diagnostic {
    static func leftoverStays(_ member: Member, _ reason: String) -> Diagnostic {
        Diagnostic(
            "leftover-stays", "What was replaced stays for now",
            detail: "\(member.label) is left over of `\(member.address)`, and stays: \(reason).",
            fix: "Nothing has to be done: each apply tries again.", address: member.address.description,
            severity: .warning)
    }
}
