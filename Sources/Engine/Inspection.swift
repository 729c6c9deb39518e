package import Language

/// How closely a plan looks at what the servers hold.
package enum Inspection: Sendable, Hashable {
    /// At the fields that they list.
    case fields
    /// Also at the sizes of files that were written once.
    case sizes
    /// Also at the contents of files, which are read back.
    case contents
}

/// What an inspection found beside the fields that a plan compares.
package struct Inspected: Sendable {
    /// What is not as it was left.
    package var fields: [FieldChange]
    package var warnings: [Diagnostic]

    package init(fields: [FieldChange] = [], warnings: [Diagnostic] = []) {
        self.fields = fields
        self.warnings = warnings
    }
}

extension Plan {
    /// Of a plan of drift: the fields that the spec leaves open although they were applied once, by address. Of all
    /// others the spec says what they are.
    ///
    /// - Parameter record: What was applied.
    package func openDrift(in record: Record) -> [Address: [FieldChange]] {
        var open: [Address: [FieldChange]] = [:]
        for change in changes where change.action == .update || change.action == .adopt {
            let recorded = record.entry(change.address)?.fields ?? [:]
            let fields = change.fields.filter { field in
                field.isDrift && field.new == nil && !field.isKnownAfterApply && !field.forcesReplacement
                    && field.note == nil && recorded[field.path] != nil
            }
            if !fields.isEmpty { open[change.address] = fields }
        }
        return open
    }

    /// The plan without some fields, and without what is then no change.
    package func without(_ fields: [Address: [FieldChange]]) -> Plan {
        var plan = self
        plan.changes = changes.compactMap { change in
            guard let accepted = fields[change.address] else { return change }
            var rest = change
            rest.fields.removeAll(where: accepted.contains)
            return rest.fields.isEmpty ? nil : rest
        }
        return plan
    }
}

extension Record {
    /// The record in which some fields are no longer what the stack applied: they are left as they are from now on.
    package func forgetting(_ fields: [Address: [FieldChange]]) -> Record {
        var record = self
        for (address, open) in fields {
            for field in open { record.entries[address.description]?.fields[field.path] = nil }
        }
        return record
    }
}
