import Language
import Runtime

/// Samples are most of a log, so they are written and read member by member.
extension SampleRecord {
    func write(to json: inout JSONWriter) throws {
        try json.object { json in
            json.member("attempts", attempts)
            json.member("case", testCase)
            json.member("elapsed", elapsed)
            json.member("format", format)
            json.member("number", number)
            if let problem { try json.member("problem", encoding: problem) }
            if let refused { json.member("refused", refused) }
            if let retried { try json.member("retried", encoding: retried) }
            if let trace { json.member("trace", trace) }
            try json.member("turns", turns) { turn, json in try turn.write(to: &json) }
            json.member("verdict", verdict.rawValue)
        }
    }

    init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        format = try fields.integer("format").needed()
        testCase = try fields.text("case").needed()
        number = try fields.integer("number").needed()
        verdict = try SampleVerdict(rawValue: fields.text("verdict").needed()).needed()
        attempts = try fields.integer("attempts").needed()
        elapsed = try fields.integer("elapsed").needed()
        turns = try fields.objects("turns", TurnRecord.init).needed()
        problem = try fields.decoded("problem")
        refused = try fields.bool("refused")
        retried = try fields.decoded("retried")
        trace = try fields.text("trace")
    }
}

extension TurnRecord {
    fileprivate func write(to json: inout JSONWriter) throws {
        try json.object { json in
            try json.member("answer") { json in try answer.write(to: &json) }
            if let captured { json.member("captured", .object(captured)) }
            json.member("input", input)
            if let outcomes {
                try json.member("outcomes", outcomes) { outcome, json in try outcome.write(to: &json) }
            }
        }
    }

    fileprivate init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        input = try fields.text("input").needed()
        answer = try fields.object("answer", AnswerRecord.init).needed()
        outcomes = try fields.objects("outcomes", OutcomeRecord.init)
        captured = try fields.decoded("captured")
    }
}

extension OutcomeRecord {
    fileprivate func write(to json: inout JSONWriter) throws {
        try json.object { json in
            if let actual { json.member("actual", actual) }
            if let ballots { try json.member("ballots", encoding: ballots) }
            json.member("claim", claim)
            if let expected { json.member("expected", expected) }
            json.member("name", name)
            if let notes { try json.member("notes", encoding: notes) }
            json.member("place", place.description)
            if let reason { json.member("reason", reason) }
            json.member("result", result.rawValue)
        }
    }

    fileprivate init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        name = try fields.text("name").needed()
        claim = try fields.text("claim").needed()
        place = try Place(fields.text("place").needed()).needed()
        result = try Result(rawValue: fields.text("result").needed()).needed()
        reason = try fields.text("reason")
        expected = try fields.text("expected")
        actual = try fields.text("actual")
        notes = try fields.decoded("notes")
        ballots = try fields.decoded("ballots")
    }
}

extension AnswerRecord {
    fileprivate func write(to json: inout JSONWriter) throws {
        try json.object { json in
            if let cited { json.member("cited", cited) { $1.write($0) } }
            if let error { json.member("error", error) }
            if let fallback { json.member("fallback", fallback) }
            if let firstToken { json.member("firstToken", firstToken) }
            json.member("hasMessage", hasMessage)
            if let id { json.member("id", id) }
            json.member("isStreamed", isStreamed)
            json.member("latency", latency)
            if let pendingCalls { try json.member("pendingCalls", encoding: pendingCalls) }
            if let refuses { json.member("refuses", refuses.rawValue) }
            if let retrieved { try json.member("retrieved", encoding: retrieved) }
            json.member("status", status.rawValue)
            if let steps { json.member("steps", steps) }
            if let streamedText { json.member("streamedText", streamedText) }
            json.member("tellsCitations", tellsCitations)
            json.member("tellsSources", tellsSources)
            json.member("tellsToolErrors", tellsToolErrors)
            json.member("text", text)
            if let toolCalls { try json.member("toolCalls", encoding: toolCalls) }
            if let usage { usage.write(to: &json) }
        }
    }

    fileprivate init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        status = try Answer.Status(rawValue: fields.text("status").needed()).needed()
        text = try fields.text("text").needed()
        hasMessage = try fields.bool("hasMessage").needed()
        toolCalls = try fields.decoded("toolCalls")
        retrieved = try fields.decoded("retrieved")
        cited = try fields.texts("cited")
        tellsSources = try fields.bool("tellsSources").needed()
        tellsCitations = try fields.bool("tellsCitations").needed()
        tellsToolErrors = try fields.bool("tellsToolErrors").needed()
        usage = try fields.object("usage", Answer.Usage.init)
        steps = try fields.integer("steps")
        latency = try fields.integer("latency").needed().within(PossibleNumbers.nanoseconds)
        firstToken = try fields.integer("firstToken")
        isStreamed = try fields.bool("isStreamed").needed()
        streamedText = try fields.text("streamedText")
        error = try fields.text("error")
        id = try fields.text("id")
        fallback = try fields.text("fallback")
        pendingCalls = try fields.decoded("pendingCalls")
        if let text = try fields.text("refuses") {
            refuses = try Refusal(rawValue: text).needed()
        } else {
            refuses = nil
        }
    }
}

extension Answer.Usage {
    fileprivate init(_ fields: ObjectFields) throws(ObjectFields.Mismatch) {
        let possible = PossibleNumbers.tokens
        try self.init(
            input: fields.integer("input").needed().within(possible),
            output: fields.integer("output").needed().within(possible))
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.member("usage") { json in
            json.object { json in
                json.member("input", input)
                json.member("output", output)
            }
        }
    }
}
