extension Record {
    /// The record as a survey shows it: what is ours, without the fields that were applied last.
    ///
    /// - Parameter old: What is known from before: what cannot carry a mark is ours when it is named there, by its
    ///   natural key; and what was cut off.
    package init(rebuiltFrom survey: Survey, _ workflow: Workflow, over old: Record, servers: ServerIdentities) {
        self.init(intents: old.intents, servers: old.servers.merging(servers) { _, atHand in atHand })
        for (address, member) in survey.members {
            let known = old.entry(address)
            if known?.isNatural == true, [.ours, .retained].contains(member.ownership) {
                entries[address.description] = known
            } else if member.ownership == .ours {
                let common = workflow[address]?.spec.common
                var entry = Entry(
                    fields: [:], onDelete: common?.onDelete ?? known?.onDelete,
                    protect: common?.protect ?? known?.protect ?? false)
                entry.isAdopted = known?.isAdopted
                entries[address.description] = entry
            }
        }
        // Beside what counts, and of what others use, only the record says what is ours.
        let others = (survey.stale + survey.held).map(\.address) + survey.setAside
        for address in others where entries[address.description] == nil {
            if let known = old.entry(address), known.isNatural { entries[address.description] = known }
        }
    }
}

extension Record.Entry {
    /// Whether it names an object that carries no mark by the object's own key.
    fileprivate var isNatural: Bool { !keys.isEmpty }
}
