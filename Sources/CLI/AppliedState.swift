import Engine
import Kinds
import Language
import Wire

/// What the servers have of agents and what these need, as a plan sees it.
struct AppliedState: Sendable {
    let lookup: AgentLookup
    /// The logical digests of what is applied as it is declared, with all that it needs.
    let digests: [Address: String]

    /// Looks at the servers, and changes nothing.
    /// - Parameter surroundings: What else of what the agents need is asked for.
    /// - Throws: What makes a plan of the agents impossible.
    static func look(
        at agents: Set<Address>, and surroundings: Set<Address> = [], in session: Session
    ) async throws -> AppliedState {
        let (survey, record) = try await Survey.take(
            of: session.workflow, with: session.drivers, loading: session.store)
        let digests = try await Planner(
            session.workflow, drivers: session.drivers, survey: survey, record: record, permissions: Permissions(),
            scope: Scope(closing: agents, in: session.workflow.graph)
        ).appliedIdentities(of: agents.union(surroundings))
        return AppliedState(lookup: session.lookup(in: survey), digests: digests)
    }

    /// The digest of some things together; nil where one of them is not applied as it is declared.
    func digest(of addresses: Set<Address>) -> String? {
        let parts = addresses.sorted().map { address in digests[address].map { "\(address) \($0)\n" } }
        let known = parts.compactMap(\.self)
        return known.count == parts.count ? sha256Hex(known.joined().utf8) : nil
    }
}
