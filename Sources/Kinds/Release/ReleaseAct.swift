package import Engine
import Language

/// What somebody is about to do to a release by hand.
package struct ReleaseAct: Sendable {
    /// The version that it is about.
    package let version: Int
    /// It, in one sentence.
    package let told: String
    /// It, as a plan shows it.
    package let change: Change
    /// Where the alias goes; nil where it stays.
    package let promotion: Promotion?
}

extension ReleaseAct {
    private static func address(_ state: ReleaseState) -> Address { Address(ReleaseResource.kind, state.release) }

    /// What waits for approval is promoted.
    init(promoting waiting: ReleaseState.Entry, _ live: ReleaseResource.Live, _ state: ReleaseState) {
        let told = "`\(live.place)` moves to version \(waiting.version)."
        self.init(
            version: waiting.version, told: told,
            change: Change(
                Self.address(state), .promote, fields: [Self.move(from: live.version, to: waiting.version)],
                label: live.label, note: told),
            promotion: Promotion(Self.address(state), to: waiting.version, at: live.place))
    }

    /// What was rolled back may be promoted again.
    init(allowing rejected: ReleaseState.Entry, _ live: ReleaseResource.Live, _ state: ReleaseState) {
        let told = "Version \(rejected.version), which was rolled back, may be promoted again."
        self.init(
            version: rejected.version, told: told,
            change: Change(Self.address(state), .update, label: live.label, note: told), promotion: nil)
    }

    /// The alias goes back.
    init(
        goingBackTo previous: ReleaseState.Entry, _ live: ReleaseResource.Live, _ state: ReleaseState, told: String
    ) {
        self.init(
            version: previous.version, told: told,
            change: Change(
                Self.address(state), .update, fields: [Self.move(from: live.version, to: previous.version)],
                label: live.label, note: told),
            promotion: Promotion(Self.address(state), to: previous.version, isReturn: true, at: live.place))
    }

    private static func move(from standing: Int?, to version: Int) -> FieldChange {
        FieldChange("version", old: standing.map { .integer($0) }, new: .integer(version))
    }
}
