/// Shapes in words, for `drover explain`.
extension Shape {
    /// One phrase without a full stop: "a whole number from 1 to 50".
    package var phrase: String {
        switch self {
        case .text: "text"
        case .path: "the path of a file"
        case .command: Shape.list(.text(), minimum: 1).phrase
        case .integer(let minimum, let maximum):
            "a whole number" + Self.bounds(minimum.map(String.init), maximum.map(String.init))
        case .number(let minimum, let maximum):
            "a number" + Self.bounds(minimum.map(Self.spelled), maximum.map(Self.spelled))
        case .boolean: "`true` or `false`"
        case .duration: "a duration, such as `250ms`, `30s` or `7d`"
        case .secret: "a secret: `{env: NAME}` or `{file: PATH}`"
        case .choice(let options): options.count == 1 ? options.listed : "one of \(options.listed)"
        case .data(let mapOnly): mapOnly ? "a map of any data" : "any data"
        case .list(let element, let minimum):
            "a list" + (minimum > 0 ? " of at least \(minimum)" : "") + ", each \(element.phrase)"
        case .map(let element, let names): "a map of \(names ? "declared names" : "free keys"), each \(element.phrase)"
        case .object(let type): "a map (\(type.noun))"
        case .name(let kind, let orID):
            "the name of one of the declared `\(kind)`" + (orID ? ", or an id of the server" : "")
        case .alternatives(let shapes): shapes.map(\.phrase).joined(separator: "; or ")
        }
    }

    /// The maps with known keys that a value of this shape may be, or hold as elements.
    var objects: [any Described.Type] {
        switch self {
        case .object(let type): [type]
        case .secret: [SecretFields.self]
        case .list(let element, _): element.objects
        case .map(let element, _): element.objects
        case .alternatives(let shapes): shapes.flatMap(\.objects)
        case .text, .path, .command, .integer, .number, .boolean, .duration, .choice, .data, .name: []
        }
    }

    private static func bounds(_ minimum: String?, _ maximum: String?) -> String {
        switch (minimum, maximum) {
        case (let minimum?, let maximum?): " from \(minimum) to \(maximum)"
        case (let minimum?, nil): " of at least \(minimum)"
        case (nil, let maximum?): " of at most \(maximum)"
        case (nil, nil): ""
        }
    }

    private static func spelled(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}
