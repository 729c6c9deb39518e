package import Language

/// Compares a saved plan with what planning again gives. Whatever differs is told, each kind of difference by its own
/// diagnostic, and then nothing is applied.
package struct Verification: Sendable {
    private let saved: SavedPlan
    private let inputs: Inputs

    /// - Parameter inputs: What there is now.
    package init(_ saved: SavedPlan, against inputs: Inputs) {
        self.saved = saved
        self.inputs = inputs
    }

    /// What differs of the spec and of the files that were read so far, before a server is contacted. Files that are
    /// read only for planning are compared after it, by `ofFiles`.
    /// - Parameter difference: Spells the difference of two texts, line by line.
    package func ofSpec(stack: String, difference: (String, String) -> String) -> [Diagnostic] {
        guard saved.stack == stack else { return [.otherStack(saved.stack, stack)] }
        var problems: [Diagnostic] = []
        if saved.inputs.spec != inputs.spec {
            problems.append(.specChanged(difference(saved.inputs.spec, inputs.spec)))
        }
        return problems + changedFiles
    }

    /// What differs of the files, once all are read that planning needs.
    package var ofFiles: [Diagnostic] {
        let unread = Set(saved.inputs.files.keys).subtracting(inputs.files.keys)
        return changedFiles + unread.sorted().map { .fileChanged($0, "is no longer read") }
    }

    private var changedFiles: [Diagnostic] {
        inputs.files.sorted { $0.key < $1.key }.compactMap { path, digest in
            guard let planned = saved.inputs.files[path] else { return .fileChanged(path, "was not there") }
            return planned == digest ? nil : .fileChanged(path, "has another content now")
        }
    }

    /// What differs of the servers. One that tells what it is may have another address; at the same address another one
    /// may have begun.
    package var ofServers: [Diagnostic] {
        let (planned, now) = (saved.inputs.servers, inputs.servers)
        guard planned.count != now.count || zip(planned, now).contains(where: { !$0.isSame(as: $1) }) else { return [] }
        let isAnew = planned.map(\.spelled) == now.map(\.spelled)
        return [.otherServers(planned.map(\.spelled).listed, now.map(\.spelled).listed, isAnew: isAnew)]
    }

    /// What is allowed now and was not when the plan was made.
    package static func widened(_ planned: Permissions, by now: Permissions) -> [Diagnostic] {
        let wider = [
            (now.adopt && !planned.adopt, "the adoption of what has no mark"),
            (now.takeOver && !planned.takeOver, "taking objects over from another stack"),
            (now.allowEmpty && !planned.allowEmpty, "removing everything"),
            (now.acceptAlias && !planned.acceptAlias, "moving an alias that somebody else moved"),
        ]
        let what = wider.filter(\.0).map(\.1)
        return what.isEmpty ? [] : [.widerPermissions(what.joined(separator: " and "))]
    }

    /// What differs of live objects, decisions and the record.
    package func ofPlan(_ plan: Plan) -> [Diagnostic] {
        PlanComparison(saved.plan, record: saved.inputs.record, with: plan, record: inputs.record).differences(.exact)
    }
}

extension Inputs.Server {
    fileprivate var spelled: String {
        "\(name) \(version) at \(url)\(workspace.map { ", workspace \($0)" } ?? "")"
    }
}

extension Diagnostic {
    private static let again = "Plan again, and have that plan reviewed."

    fileprivate static func otherStack(_ planned: String, _ now: String) -> Diagnostic {
        Diagnostic(
            "plan-of-another-stack", "The plan is of another stack",
            detail: "The plan is of the stack `\(planned)`, and the spec declares `\(now)`.",
            fix: "Apply the plan where it was made.", cause: .conflict)
    }

    fileprivate static func specChanged(_ difference: String) -> Diagnostic {
        Diagnostic(
            "spec-changed", "The spec is not the planned one any more",
            detail: "The rendered spec differs from that of the plan:\n\(difference)", fix: again, cause: .conflict)
    }

    fileprivate static func fileChanged(_ path: String, _ what: String) -> Diagnostic {
        Diagnostic(
            "file-changed", "A file is not the planned one any more", detail: "`\(path)` \(what).", fix: again,
            cause: .conflict)
    }

    fileprivate static func otherServers(_ planned: String, _ now: String, isAnew: Bool) -> Diagnostic {
        Diagnostic(
            "plan-of-another-server", "The plan is for other servers",
            detail: isAnew
                ? "The plan was made against \(planned), whose data began at another time: it was made anew since."
                : "The plan was made against \(planned), and the servers now are \(now).",
            fix: "Connect to the servers of the plan, or plan again.", cause: .conflict)
    }

    fileprivate static func widerPermissions(_ what: String) -> Diagnostic {
        Diagnostic(
            "wider-than-planned", "More is allowed than was planned",
            detail: "The plan was made without allowing \(what).", fix: "Leave that out, or plan again with it.",
            cause: .conflict)
    }
}
