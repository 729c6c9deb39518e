import Language

/// A large suite declares as many cases as it takes samples: both are written and read member by member.
extension CaseRecord {
    func write(to json: inout JSONWriter) throws {
        try json.object { json in
            if let atLeast { json.member("atLeast", atLeast) }
            if let digest { json.member("digest", digest) }
            json.member("id", id)
            if let index { json.member("index", index) }
            if let labels { json.member("labels", .object(labels.mapValues(Value.string))) }
            json.member("name", name)
            json.member("place", place.description)
            if let quarantine { try json.member("quarantine", encoding: quarantine) }
            json.member("samples", samples)
            if let standing { try json.member("standing", encoding: standing) }
            if let test { try json.member("test", encoding: test) }
        }
    }

    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        id = try fields.text("id").needed()
        name = try fields.text("name").needed()
        index = try fields.integer("index")
        digest = try fields.text("digest")
        place = try Place(fields.text("place").needed()).needed()
        labels = try fields.decoded("labels")
        samples = try fields.integer("samples").needed()
        atLeast = try fields.integer("atLeast")
        standing = try fields.decoded("standing")
        test = try fields.decoded("test")
        quarantine = try fields.decoded("quarantine")
    }
}

extension LogEntry.Line {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", Int(number))
            json.member("path", path)
            json.member("text", text)
        }
    }

    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        path = try fields.text("path").needed()
        number = try UInt32(exactly: fields.integer("number").needed()).needed()
        text = try fields.text("text").needed()
    }
}
