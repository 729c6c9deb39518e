package import Engine
import Language

/// Drover's mark on an object: whose it is and which declaration it belongs to.
///
///     drover.stack: helpdesk
///     drover.address: vectorStores.handbook
package struct Mark: Sendable, Hashable {
    package static let stackKey = "drover.stack"
    package static let addressKey = "drover.address"
    static let keys = [stackKey, addressKey]

    package let stack: String
    package let address: Address

    package init(stack: StackName, address: Address) {
        self.stack = stack.name
        self.address = address
    }

    /// Reads the mark among tags or metadata; nil where there is none.
    package init?(_ tags: [String: String]) {
        guard let stack = tags[Self.stackKey], let address = tags[Self.addressKey].flatMap(Address.init(text:)) else {
            return nil
        }
        self.stack = stack
        self.address = address
    }

    package var tags: [String: String] {
        [Self.stackKey: stack, Self.addressKey: address.description]
    }
}

/// Sorts what a listing holds into what is ours and what has a wanted name.
struct Claims {
    private let stack: StackName
    private let kind: String
    private let wantedByName: [String: Address]

    init(_ stack: StackName, _ kind: String, wantedByName: [String: Address]) {
        self.stack = stack
        self.kind = kind
        self.wantedByName = wantedByName
    }

    /// Whose an object with these tags and this name is, as far as this stack cares; nil when it does not.
    func claim(_ tags: [String: String], name: String) -> (address: Address, ownership: Ownership)? {
        let mark = Mark(tags)
        if let mark, mark.stack == stack.name, mark.address.kind == kind { return (mark.address, .ours) }
        guard let wanted = wantedByName[name] else { return nil }
        return (wanted, mark.map { .other(stack: $0.stack) } ?? .unmarked)
    }

    /// The same, with ours before what merely has the name: one object an address.
    func sorted<Live>(_ found: [Discovered<Live>]) -> [Discovered<Live>] {
        let ours = Set(found.filter { $0.ownership == .ours && !$0.isStale }.map(\.address))
        return found.filter { $0.ownership == .ours || !ours.contains($0.address) }
    }
}

extension DeclaredSpec {
    /// The live name: the field `name`, or the declared name.
    func liveName(at address: Address) -> String {
        common.name ?? address.name
    }
}
