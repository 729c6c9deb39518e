import Testing

@testable import Wire

@Suite struct ServerMessageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let why: String
        let type: String
        let body: String
        let text: String
        let code: String?

        init(_ why: String, _ body: String, type: String = "application/json", text: String, code: String? = nil) {
            self.why = why
            self.type = type
            self.body = body
            self.text = text
            self.code = code
        }

        var testDescription: String { why }
    }

    static let cases = [
        Case(
            "OGX: error.message", #"{"error":{"message":"Vector_store 'x' not found"}}"#,
            text: "Vector_store 'x' not found"),
        Case(
            "0.2 to 0.4: validation",
            #"{"error":{"detail":{"errors":[{"loc":["body","model"],"msg":"Field required"}]}}}"#,
            text: "`model`: Field required"
        ),
        Case(
            "OGX: validation, as Python prints it",
            #"{"error":{"message":"{'errors': [{'loc': ['body', 'purpose'], 'msg': \"Input should be 'a'\", 'type': 'enum'}]}"}}"#,
            text: "`purpose`: Input should be 'a'"
        ),
        Case("0.4: error.detail", #"{"error":{"detail":"no such file"}}"#, text: "no such file"),
        Case("detail", #"{"detail":"Not Found"}"#, text: "Not Found"),
        Case("FastAPI's list", #"{"detail":[{"loc":["query","limit"],"msg":"too big"}]}"#, text: "`limit`: too big"),
        Case(
            "MLflow", #"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"Experiment 'a' already exists."}"#,
            text: "Experiment 'a' already exists.", code: "RESOURCE_ALREADY_EXISTS"
        ),
        Case(
            "OGX: an error frame", #"{"type":"error","code":"404","message":"Model 'm' not found","param":null}"#,
            text: "Model 'm' not found", code: "404"
        ),
        Case(
            "A served model: what was raised, without the frames",
            ##"""
            {"error_code":"BAD_REQUEST","message":"Encountered an unexpected error while evaluating the model.",
            "stack_trace":"Traceback (most recent call last):\n  File \"/srv/a.py\", line 1, in predict\n    raise E(\n    ^^^^^\nlib.E: no model\n  at all\n"}
            """##,
            text: "no model at all", code: "BAD_REQUEST"
        ),
        Case(
            "MLflow: what its database says, behind a sentence",
            #"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"Experiment(name=a) already exists. Error: (sqlite3.IntegrityError) UNIQUE constraint failed: experiments.name\n[SQL: INSERT INTO experiments]"}"#,
            text: "Experiment(name=a) already exists.", code: "RESOURCE_ALREADY_EXISTS"
        ),
        Case(
            "MLflow: what its database says, alone",
            #"{"error_code":"BAD_REQUEST","message":"(sqlite3.IntegrityError) UNIQUE constraint failed: tags.key\n[SQL: INSERT]\n(Background on this error at: https://sqlalche.me/e/20/gkpj)"}"#,
            text: PlainReason.race, code: "BAD_REQUEST"
        ),
        Case(
            "Another database",
            #"{"error_code":"BAD_REQUEST","message":"(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint \"x\""}"#,
            text: PlainReason.race, code: "BAD_REQUEST"
        ),
        Case(
            "A busy database",
            #"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"(sqlite3.OperationalError) database is locked\n[SQL: UPDATE]"}"#,
            text: "its database is busy, or cannot be reached", code: "TEMPORARILY_UNAVAILABLE"
        ),
        Case(
            "A traceback",
            #"{"detail":"Traceback (most recent call last):\n  File \"/srv/a.py\", line 1, in f\n    raise E()\nlib.errors.E: no such model"}"#,
            text: "no such model"
        ),
        Case(
            "A web page within a message", #"{"detail":"Bad gateway. <html><head><title>502</title></head></html>"}"#,
            text: "Bad gateway."),
        Case("A word", #"{"error":"nope"}"#, text: "nope"),
        Case(
            "Text", "Invalid Host header - possible attack\n", type: "text/plain",
            text: "Invalid Host header - possible attack"),
        Case(
            "A page with a title", "<!doctype html><html><TITLE lang=en>\n502 Bad Gateway</title><p>x",
            type: "text/html; charset=utf-8", text: "502 Bad Gateway"
        ),
        Case("A page without", "<html><h1>Not</h1> <p>here", type: "", text: "Not here"),
        Case("Nothing", "", text: ""),
    ]

    @Test("The server's words are found in every shape", arguments: cases)
    func shapes(_ test: Case) {
        let response = HTTPResponse(status: 400, headers: [("content-type", test.type)], body: Array(test.body.utf8))
        let message = ServerMessage(response)
        #expect(message.text == test.text)
        #expect(message.code == test.code)
    }

    @Test("A long message is cut at 2,000 characters")
    func long() {
        let text = String(repeating: "ž", count: 5_000)
        let message = ServerMessage(HTTPResponse(status: 500, body: Array(text.utf8)))
        #expect(message.text.count == 2_000)
        #expect(message.text.hasSuffix("…"))
    }
}
