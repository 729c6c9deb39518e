import Engine
import Language

extension Deployment {
    /// Plans the removal of a stack, or of a part of it. Where only releases go that the spec still declares, the plan says what
    /// that frees: what only versions use that they kept.
    static func destroying(
        _ session: Session, _ permissions: Permissions, _ selection: Selection
    ) async throws -> Deployment {
        var deployment = try await plan(session, session.workflow.withoutDeclarations, permissions, selection)
        guard let releases = deployment.releasesAlone else { return deployment }
        do {
            let rest = try await plan(session, session.workflow, Permissions(), after: releases).plan
            // Beside other changes of the spec nothing is removed alone.
            guard rest.removing(onlyWhatGoesIn: rest, waiting: session.workflow.gated) != nil else { return deployment }
            deployment.plan.freed = rest.freed
            deployment.retiring = session.workflow
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // Whoever removes a release may have no documents at hand: the next apply removes what it frees.
        }
        return deployment
    }

    /// What is removed, where it is nothing but releases that wait for gates, if the spec declares them.
    private var releasesAlone: Beforehand? {
        let removed = plan.changes.filter { $0.action != .keep }
        let promoting = Set(session.drivers.filter(\.promotes).map(\.kind))
        let gated = session.workflow.gated
        let isAlone = removed.allSatisfy { change in
            promoting.contains(change.address.kind) && !change.isLeftOver
                && (session.workflow[change.address] == nil || gated.contains(change.address))
        }
        guard isAlone, !removed.isEmpty else { return nil }
        return Beforehand(
            removed: Set(removed.filter { $0.action == .delete }.map(\.address)),
            forgotten: Set(removed.filter { $0.action == .forget }.map(\.address)))
    }
}
