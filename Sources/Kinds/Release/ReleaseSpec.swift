package import Engine
package import Language
import Runtime

/// A release: the alias of a registered model that points at the agent version which passed the gates.
///
///     releases:
///       production: {agent: support, alias: production, gates: [golden]}
package struct ReleaseSpec: DeclaredSpec {
    package static let noun = "a release"
    private static let agentKey = Key<Located<String>>(
        "agent", .name(of: AgentResource.kind), required: true, example: "support", "The declared agent.")
    private static let aliasKey = Key<String>(
        "alias", .alias, required: true, example: "production", "The alias that is moved to the new version.")
    private static let gatesKey = Key<[Located<String>]>(
        "gates", .list(.name(of: "suites")), example: "[golden]", "The suites that must pass first.")
    private static let ageKey = Key<Duration>(
        "maxEvidenceAge", .duration, default: "7d", example: "7d", "How old the result of a gate may be.")
    private static let retainKey = Key<Int>(
        "retain", .integer(minimum: 0, maximum: 100), default: "2", "How many old versions and stores stay.")
    private static let approvalKey = Key<Approval>(
        "approve", .choice(), example: "manual", "Who moves the alias when the gates have passed: drover, or somebody.")
    private static let failureKey = Key<OnFail>(
        "onFail", .choice(), default: "stop",
        "What a failed gate does: the apply fails (`stop`), or only says so (`warn`). The alias stays in both cases.")
    private static let verifyKey = Key<Located<Verify>>(
        "verify", .located(.choice()), example: "artifact",
        "Also asks the version as it is logged, as MLflow loads it, the first question of the first gate.")
    package static let fields =
        Common.fields + [
            agentKey.field, aliasKey.field, gatesKey.field, ageKey.field, retainKey.field,
            approvalKey.field, failureKey.field, verifyKey.field,
        ]

    /// Who decides about what passed.
    enum Approval: String, Sendable, Codable, CaseIterable { case automatic, manual }

    /// What a failed gate does.
    enum OnFail: String, Sendable, Codable, CaseIterable { case stop, warn }

    /// What is tried beside the gates.
    enum Verify: String, Sendable, Codable, CaseIterable { case artifact }

    package let common: Common
    let agent: Located<String>
    let alias: String
    let gates: [Located<String>]
    let maxEvidenceAge: Duration
    let retain: Int
    let approval: Approval
    let onFail: OnFail
    let verify: Verify?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        let missing = Located("", at: fields.node.range)
        agent = fields.require(Self.agentKey, else: missing)
        alias = fields.require(Self.aliasKey, else: "")
        gates = fields.read(Self.gatesKey) ?? []
        maxEvidenceAge = fields.read(Self.ageKey) ?? Evidence.standardAge
        retain = fields.read(Self.retainKey) ?? 2
        approval = fields.read(Self.approvalKey) ?? .automatic
        onFail = fields.read(Self.failureKey) ?? .stop
        verify = fields.read(Self.verifyKey)?.value
    }

    package var uses: [Use] {
        agent.uses(AgentResource.kind) + gates.map { Use("suites", $0) }
    }
}
