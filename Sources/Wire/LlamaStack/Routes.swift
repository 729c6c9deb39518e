/// The routes of an OpenAPI description: their methods, and the fields of their bodies; everything else is skipped.
struct Routes: Sendable, Hashable, Decodable {
    private var verbs: [String: Set<String>] = [:]
    /// By method and path: `POST /v1/responses`.
    private var fields: [String: Set<String>] = [:]

    private struct Description: Decodable {
        let paths: [String: Operations]
        let components: Components?
    }

    private struct Components: Decodable {
        let schemas: [String: Schema]?
    }

    /// The methods of one path, which may have other members, too.
    private struct Operations: Decodable {
        let get: Operation?
        let post: Operation?
        let put: Operation?
        let delete: Operation?

        var byVerb: [(verb: String, operation: Operation)] {
            [("GET", get), ("POST", post), ("PUT", put), ("DELETE", delete)].compactMap { verb, operation in
                operation.map { (verb, $0) }
            }
        }
    }

    private struct Operation: Decodable {
        struct Body: Decodable {
            let content: [String: Media]?
        }

        struct Media: Decodable {
            let schema: Schema?
        }

        let requestBody: Body?
    }

    /// The part of a schema that names the fields of an object.
    private struct Schema: Decodable {
        struct Skipped: Decodable {}

        let reference: String?
        let properties: [String: Skipped]?
        let allOf: [Schema]?

        private enum CodingKeys: String, CodingKey {
            case properties, allOf
            case reference = "$ref"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            reference = try fields.decodeIfPresent(String.self, forKey: .reference)
            // A property may be any schema, even `true`; only its name counts.
            properties = try? fields.decodeIfPresent([String: Skipped].self, forKey: .properties)
            allOf = try? fields.decodeIfPresent([Schema].self, forKey: .allOf)
        }

        func fields(among schemas: [String: Schema], depth: Int = 0) -> Set<String> {
            var names = Set(properties?.keys.map { $0 } ?? [])
            guard depth < 4 else { return names }
            for part in allOf ?? [] { names.formUnion(part.fields(among: schemas, depth: depth + 1)) }
            if let name = reference?.split(separator: "/").last, let schema = schemas[String(name)] {
                names.formUnion(schema.fields(among: schemas, depth: depth + 1))
            }
            return names
        }
    }

    init(from decoder: any Decoder) throws {
        let description = try Description(from: decoder)
        let schemas = description.components?.schemas ?? [:]
        for (path, operations) in description.paths {
            for (verb, operation) in operations.byVerb {
                verbs[path, default: []].insert(verb)
                let schema = operation.requestBody?.content?["application/json"]?.schema
                if let schema { fields["\(verb) \(path)"] = schema.fields(among: schemas) }
            }
        }
    }

    func have(_ verb: String, _ path: String) -> Bool {
        verbs[path]?.contains(verb) == true
    }

    /// Whether the body of a request may have a field.
    func take(_ field: String, in verb: String, _ path: String) -> Bool {
        fields["\(verb) \(path)"]?.contains(field) == true
    }
}
