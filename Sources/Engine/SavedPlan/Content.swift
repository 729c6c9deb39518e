import Language

extension SavedPlan {
    /// The plan as its file has it.
    struct Content: Codable {
        var format = SavedPlan.format
        var version = SavedPlan.version
        let drover: String
        let stack: String
        let destroys: Bool
        let inputs: Inputs
        let steps: [Step]
        let limits: Plan.Limits
        /// nil for nothing.
        let freed: [Freed]?
        let endangered: [EndangeredSuite]
        let warnings: [String]

        init(_ plan: SavedPlan) {
            drover = plan.drover
            stack = plan.stack
            destroys = plan.destroys
            inputs = plan.inputs
            steps = plan.plan.changes.map(Step.init)
            limits = plan.plan.limits
            freed = plan.plan.freed.isEmpty ? nil : plan.plan.freed
            endangered = plan.endangered
            warnings = plan.warnings
        }

        var plan: SavedPlan {
            let changes = steps.map(\.change)
            var plan = Plan(stack: StackName(stack), changes: changes, limits: limits)
            plan.freed = freed ?? []
            var saved = SavedPlan(plan, drover: drover, destroys: destroys, inputs: inputs, endangered: endangered)
            saved.warnings = warnings
            return saved
        }
    }

    struct Step: Codable {
        let address: Address
        let action: Action
        let fields: [Field]
        let object: String?
        let note: String?
        let newFirst: Bool?
        let withheld: Bool?
        let fingerprint: Fingerprint?

        init(_ change: Change) {
            address = change.address
            action = change.action
            fields = change.fields.map(Field.init)
            object = change.label
            note = change.note
            newFirst = change.isNewFirst ? true : nil
            withheld = change.isWithheld ? true : nil
            fingerprint = change.fingerprint
        }

        var change: Change {
            var change = Change(
                address, action, fields: fields.map(\.change), label: object, note: note, fingerprint: fingerprint)
            change.isNewFirst = newFirst ?? false
            return withheld == true ? change.withheld() : change
        }
    }

    struct Field: Codable {
        let path: String
        let old: Value?
        let new: Value?
        let knownAfterApply: Bool?
        let forcesReplacement: Bool?
        let cause: FieldChange.Cause?
        let note: String?

        init(_ field: FieldChange) {
            path = field.path
            // A wrapped value keeps null apart from nothing.
            old = field.old.map { .array([$0]) }
            new = field.new.map { .array([$0]) }
            knownAfterApply = field.isKnownAfterApply ? true : nil
            forcesReplacement = field.forcesReplacement ? true : nil
            cause = field.cause
            note = field.note
        }

        var change: FieldChange {
            FieldChange(
                path, old: old?.array?.first, new: new?.array?.first, isKnownAfterApply: knownAfterApply ?? false,
                forcesReplacement: forcesReplacement ?? false, cause: cause, note: note)
        }
    }
}
