/// What earlier definitions of an object left on a server beside it.
package struct Remainders<Live: Sendable>: Sendable {
    /// One that stays for now, with its display name: `agent a-1 (helpdesk/support@0123456789ab)`.
    package struct Used: Sendable {
        package let label: String
        package let live: Live

        package init(label: String, live: Live) {
            self.label = label
            self.live = live
        }
    }

    /// The field of a plan that names what an update removes; nil where there is nothing of the sort.
    package var field: String?
    /// The display names of what an update removes.
    package var unused: [String]
    /// What stays as long as versions with an alias use it.
    package var used: [Used]

    package init(field: String? = nil, unused: [String] = [], used: [Used] = []) {
        self.field = field
        self.unused = unused
        self.used = used
    }
}
