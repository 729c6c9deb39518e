import Engine
import Language

/// The natural keys of a kind whose objects carry no mark, from the record: the objects that it names are ours.
struct RecordedKeys {
    private let addresses: [String: Address]
    /// What must be true of an object with a key that was only announced: others may have made one meanwhile.
    private let announced: [String: AppliedFields]
    /// The keys that only objects had that were replaced: wanted elsewhere, such an object is that of the other address.
    private var older: Set<String> = []
    /// The keys of objects that were retained when their declaration left the spec.
    private let retained: Set<String>
    /// The key that was applied last, by address; other keys of an address come from an interrupted replacement.
    private let applied: [Address: String]

    init(_ kind: String, _ record: Record) {
        var addresses: [String: Address] = [:]
        var applied: [Address: String] = [:]
        var announced: [String: AppliedFields] = [:]
        var retained: Set<String> = []
        for (text, intent) in record.intents {
            guard let address = Address(text: text), address.kind == kind else { continue }
            for key in Self.keys(of: intent) { addresses[key] = address }
        }
        for (text, entry) in record.entries {
            guard let address = Address(text: text), address.kind == kind, let key = entry.fields["id"]?.string else {
                continue
            }
            guard entry.isRetained != true else {
                retained.insert(key)
                continue
            }
            if let announcement = entry.announcement {
                // Another claim to the key is as good as one alone.
                guard addresses[key] == nil else { continue }
                announced[key] = announcement
            } else {
                announced[key] = nil
            }
            addresses[key] = address
            applied[address] = key
        }
        for (text, entry) in record.entries.sorted(by: { $0.key < $1.key }) {
            guard let address = Address(text: text), address.kind == kind else { continue }
            for key in entry.older ?? [] where addresses[key] == nil {
                addresses[key] = address
                older.insert(key)
            }
        }
        self.addresses = addresses
        self.announced = announced
        self.retained = retained.subtracting(addresses.keys)
        self.applied = applied
    }

    var isEmpty: Bool { addresses.isEmpty }

    /// The intent that is recorded before an object with a new key replaces one with another.
    /// - Parameter earlier: That of a replacement that was cut off, whose keys stay ours; nil for none.
    static func intent(_ keys: [String], after earlier: Value? = nil) -> Value {
        let known = earlier.map(Self.keys(of:)) ?? []
        return ["keys": .array((known + keys.filter { !known.contains($0) }).map { .string($0) })]
    }

    private static func keys(of intent: Value) -> [String] {
        (intent["keys"]?.array ?? []).compactMap(\.string)
    }

    /// Sorts a listing into ours and objects with a wanted key. Of several of ours at one address, the wanted one
    /// counts, or else the one that was applied last.
    /// - Parameter fields: The fields of an object, as the record has them.
    func sorted<Live: Sendable & Identifiable<String>>(
        _ listed: [Live], wanted: [String: Address], fields: (Live) -> AppliedFields, label: (String) -> String
    ) -> [Discovered<Live>] {
        let isOurs = { (object: Live) in
            guard addresses[object.id] != nil else { return false }
            guard let announced = announced[object.id] else { return true }
            return FieldChange.between(live: fields(object), desired: announced, since: [:]).isEmpty
        }
        let ours = listed.filter(isOurs)
        let claimed = Set(ours.map(\.id))
        let byAddress = Dictionary(grouping: ours) { object in
            (older.contains(object.id) ? wanted[object.id] : nil) ?? addresses[object.id] ?? Address("", "")
        }
        var found: [Discovered<Live>] = []
        for (address, objects) in byAddress.sorted(by: { $0.key < $1.key }) {
            let chosen =
                objects.first { wanted[$0.id] == address } ?? objects.first { applied[address] == $0.id } ?? objects[0]
            found += objects.map {
                Discovered(address, .ours, $0, label: label($0.id), isStale: $0.id != chosen.id)
            }
        }
        for object in listed where !claimed.contains(object.id) {
            guard let address = wanted[object.id], byAddress[address] == nil else { continue }
            let ownership: Ownership = retained.contains(object.id) ? .retained : .unmarked
            found.append(Discovered(address, ownership, object, label: label(object.id)))
        }
        return found
    }
}
