package import Engine
import Language

/// Drover's mark on an object: the owning stack, and the declaration that it belongs to.
///
///     drover.stack: helpdesk
///     drover.address: vectorStores.handbook
package struct Mark: Sendable, Hashable {
    package static let stackKey = "drover.stack"
    package static let addressKey = "drover.address"
    /// The name of the stack that an object belonged to before it was retained and forgotten.
    package static let retainedKey = "drover.retained"
    /// What is removed when an object is forgotten, in this order: by the stack it is found until the end.
    static let keys = [addressKey, stackKey]

    package let stack: String
    package let address: Address

    package init(stack: StackName, address: Address) {
        self.stack = stack.name
        self.address = address
    }

    /// Reads the mark from tags or metadata; nil when there is none.
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

extension Discovered {
    /// An object that somebody named, with the owner that its tags tell.
    init(named id: String, _ kind: String, _ live: Live, _ tags: [String: String], of stack: StackName, label: String) {
        let address = Address(kind, id)
        if let mark = Mark(tags) {
            let isOurs = mark.stack == stack.name
            self.init(
                isOurs ? mark.address : address, isOurs ? .ours : .other(stack: mark.stack), live, label: label)
        } else {
            self.init(address, tags[Mark.retainedKey] == stack.name ? .retained : .unmarked, live, label: label)
        }
    }
}

extension Mark {
    /// Puts the mark on an object, one tag at a time. The tag of a retained object is removed last, so that an
    /// interrupted operation is resumed.
    func put(
        over tags: [String: String], set: (_ key: String, _ value: String) async throws -> Void,
        remove: (_ key: String) async throws -> Void
    ) async throws {
        for (key, value) in self.tags.sorted(by: { $0.key < $1.key }) { try await set(key, value) }
        if tags[Self.retainedKey] != nil { try await remove(Self.retainedKey) }
    }

    /// Removes the mark from an object, one tag at a time, and records that it was retained. That comes first, so that
    /// after an interruption the object is known as one to be forgotten, whatever is left on it.
    /// - Parameter more: Other keys of drover's that are removed with it.
    static func takeOff(
        of stack: StackName, with more: [String] = [], set: (_ key: String, _ value: String) async throws -> Void,
        remove: (_ key: String) async throws -> Void
    ) async throws {
        try await set(retainedKey, stack.name)
        for key in more + keys { try await remove(key) }
    }
}

/// Sorts the objects of a listing into ours and those that have a wanted name.
struct Claims {
    private let stack: StackName
    private let kind: String
    private let wantedByName: [String: Address]

    init(_ stack: StackName, _ kind: String, wantedByName: [String: Address]) {
        self.stack = stack
        self.kind = kind
        self.wantedByName = wantedByName
    }

    /// The owner of an object with these tags and this name, as far as it concerns this stack; nil when it does not.
    func claim(_ tags: [String: String], name: String) -> (address: Address, ownership: Ownership)? {
        let mark = Mark(tags)
        let isRetained = tags[Mark.retainedKey] == stack.name
        if let mark, mark.stack == stack.name, mark.address.kind == kind {
            return (mark.address, isRetained ? .retained : .ours)
        }
        if mark == nil, tags[Mark.stackKey] == stack.name {  // Forgetting it was interrupted.
            return (wantedByName[name] ?? Address(kind, name), .retained)
        }
        guard let wanted = wantedByName[name] else { return nil }
        if let mark { return (wanted, .other(stack: mark.stack)) }
        return (wanted, isRetained ? .retained : .unmarked)
    }

    /// The same, with ours before retained ones, and these before ones that merely have the name.
    func sorted<Live>(_ found: [Discovered<Live>]) -> [Discovered<Live>] {
        let ours = Set(found.filter { $0.ownership == .ours && !$0.isStale }.map(\.address))
        let kept = Set(found.filter { $0.ownership == .retained && !$0.isStale }.map(\.address))
        return found.filter { each in
            switch each.ownership {
            case .ours: true
            case .retained: !ours.contains(each.address)
            case .other, .unmarked: !ours.contains(each.address) && !kept.contains(each.address)
            }
        }
    }
}

extension DeclaredSpec {
    /// The live name: the field `name`, or the declared name.
    func liveName(at address: Address) -> String {
        common.name ?? address.name
    }
}
