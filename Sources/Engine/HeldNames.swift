import Language

/// The names and the server's ids of what is ours and no longer declared, of one kind.
struct HeldNames {
    private var byName: [String: Member] = [:]
    private var byID: [String: Member] = [:]

    init(of driver: any Driver, in survey: Survey, besides workflow: Workflow) {
        let held = survey.members.values.filter {
            $0.address.kind == driver.kind && $0.ownership == .ours && workflow[$0.address] == nil
        }
        for member in held.sorted(by: { $0.address > $1.address }) {
            let outputs = driver.outputs(of: member)
            if let name = outputs["name"]?.string { byName[name] = member }
            if let id = outputs["id"]?.string { byID[id] = member }
        }
    }

    /// The first by its address that has the name, or else the id; nil where both are free.
    func holder(of name: String, id: String?) -> Member? {
        byName[name] ?? id.flatMap { byID[$0] }
    }
}
