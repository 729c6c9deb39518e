import Engine
import Language

/// The servers at hand, which a record must be about.
struct BoundServers: Sendable {
    var identities: ServerIdentities = [:]
    /// Whether a record of other servers is refused.
    var isStrict = true

    /// - Throws: `Diagnostics` (`conflict`), one for each server that the record has as another one.
    func check(_ record: Record, at place: String) throws {
        guard isStrict, !record.isEmpty else { return }
        let problems = ServerIdentity.Role.allCases.compactMap { role -> Diagnostic? in
            guard let recorded = record.servers[role], let atHand = identities[role], !atHand.isSame(as: recorded)
            else {
                return nil
            }
            return .recordOfOthers(place, recorded, atHand)
        }
        if !problems.isEmpty { throw Diagnostics(problems) }
    }

    /// What is written into a record: those at hand, and of the others what it says.
    func over(_ recorded: ServerIdentities) -> ServerIdentities {
        recorded.merging(identities) { recorded, atHand in
            atHand.isSame(as: recorded) ? atHand.succeeding(recorded) : atHand
        }
    }
}

/// The form of a record.
enum RecordFormat {
    /// - Throws: `Diagnostic` (`lacking`) when a newer version wrote it.
    static func check(_ value: Value, at place: String) throws {
        guard let format = value["format"]?.integer, format > Record.format else { return }
        throw Diagnostic.newerRecord(place, format)
    }
}

extension Diagnostic {
    fileprivate static func recordOfOthers(
        _ place: String, _ recorded: ServerIdentity, _ atHand: ServerIdentity
    ) -> Diagnostic {
        let isNew = recorded.url == atHand.url && recorded.workspace == atHand.workspace
        let otherwise =
            "Name the server that it is about, or keep another record. If this one is meant from now on, "
            + "`drover state rebuild` makes the record again from what is there."
        return Diagnostic(
            "record-of-another-server", "The stack's record is about another server",
            detail: "`\(place)` holds what was applied to \(recorded.shown), and this run is about \(atHand.shown)"
                + (isNew ? ", whose data began at another time: it was made anew." : "."),
            fix: recorded.mayHaveMoved(to: atHand)
                ? "If it is the same server at a new address, accept the address. \(otherwise)" : otherwise,
            cause: .conflict)
    }

    fileprivate static func newerRecord(_ place: String, _ format: Int) -> Diagnostic {
        Diagnostic(
            "newer-record", "The stack's record was written by a newer version of drover",
            detail: "`\(place)` has the format \(format), and this version reads up to \(Record.format).",
            fix: "Use that version, or a later one. Nothing was changed.", cause: .lacking)
    }
}
