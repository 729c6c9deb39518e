import Language
import Wire

/// What a fake MLflow holds, and how it answers: one file beside this one for each group of routes.
package struct FakeMLflowStore: Sendable {
    static let route = "/api/2.0/mlflow/"
    static let route3 = "/api/3.0/mlflow/"
    static let artifactsRoute = "/api/2.0/mlflow-artifacts/artifacts"

    package internal(set) var experiments: [FakeExperiment] = [
        FakeExperiment(id: "0", name: "Default", location: "mlflow-artifacts:/0")
    ]
    package internal(set) var runs: [FakeRun] = []
    package internal(set) var loggedModels: [FakeLoggedModel] = []
    package internal(set) var registeredModels: [FakeRegisteredModel] = []
    package internal(set) var versions: [FakeVersion] = []
    package internal(set) var traces: [FakeTrace] = []
    package internal(set) var datasets: [FakeDataset] = []
    var removedExperiments = 0
    var datasetCount = 0
    var recordCount = 0
    /// By path below the artifact root.
    package internal(set) var artifacts: [String: [UInt8]] = [:]
    /// A request with a span of this name is refused.
    var refusedSpan: String?
    private let pageSize: Int
    let artifactScheme: String
    let version: String
    private var clock = 1_800_000_000_000

    init(pageSize: Int = .max, artifactScheme: String = "mlflow-artifacts:", version: String = "3.17.2") {
        self.pageSize = pageSize
        self.version = version
        self.artifactScheme = artifactScheme
    }

    /// Milliseconds since 1970; never the same twice.
    mutating func now() -> Int {
        clock += 1
        return clock
    }

    /// Sets the clock, by seconds.
    mutating func setClock(by seconds: Int) { clock += seconds * 1000 }

    mutating func response(to request: FakeMLflowRequest) -> HTTPResponse {
        do {
            if request.path == "/version" { return HTTPResponse(status: 200, body: Array(version.utf8)) }
            if request.path.hasPrefix(Self.artifactsRoute) { return try artifactsResponse(to: request) }
            if let answer = try tracesResponse(to: request) { return Self.json(200, answer) }
            if request.path.hasPrefix(Self.route3 + "datasets/") {
                return try datasetsAnswer(request).map { Self.json(200, $0) } ?? Self.noMethod
            }
            guard request.path.hasPrefix(Self.route), let answer = try answer(to: request) else { return Self.noRoute }
            return Self.json(200, answer)
        } catch let refusal as FakeMLflowRefusal {
            return Self.json(
                refusal.status, ["error_code": .string(refusal.code), "message": .string(refusal.message)])
        } catch {
            return HTTPResponse(status: 500)
        }
    }

    /// nil when there is no such route.
    private mutating func answer(to request: FakeMLflowRequest) throws -> Value? {
        let route = request.path.dropFirst(Self.route.count)
        switch route.split(separator: "/").first {
        case "experiments": return try experimentsAnswer("\(request.method) \(route)", request)
        case "runs": return try runsAnswer("\(request.method) \(route)", request)
        case "logged-models": return try loggedModelsAnswer("\(request.method) \(route)", request)
        case "registered-models": return try registeredModelsAnswer("\(request.method) \(route)", request)
        case "model-versions": return try versionsAnswer("\(request.method) \(route)", request)
        case _: return nil
        }
    }

    static func json(_ status: Int, _ value: Value) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [("content-type", "application/json")], body: Array(value.canonicalJSON.utf8))
    }

    private static let noRoute = HTTPResponse(
        status: 404, headers: [("content-type", "text/html; charset=utf-8")],
        body: Array("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n".utf8))

    private static let noMethod = HTTPResponse(
        status: 405, headers: [("content-type", "text/html; charset=utf-8")],
        body: Array("<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n".utf8))

    /// One page of a listing: the elements that the filter allows, without the list when it is empty.
    func page<Element>(
        _ name: String, of elements: [Element], _ request: FakeMLflowRequest, limit: Int,
        attributes: @escaping (Element) -> (name: String, tags: [FakeMLflowPair]), json: (Element) -> Value
    ) throws -> Value {
        let filter = try FakeMLflowFilter(request.text("filter") ?? "")
        let asked = request.body["max_results"]?.integer ?? request.query["max_results"].flatMap { Int($0) }
        guard let size = asked ?? (name == "experiments" ? nil : 100), (1...limit).contains(size) else {
            throw FakeMLflowRefusal.invalid("Invalid value for parameter 'max_results' supplied.")
        }
        let allowed = elements.filter { element in
            let (name, tags) = attributes(element)
            return filter.allows(name: name, tags: tags)
        }
        let start = Int(request.text("page_token") ?? "0") ?? 0
        let shown = allowed.dropFirst(start).prefix(min(size, pageSize))
        var answer: [String: Value] = [:]
        if !shown.isEmpty { answer[name] = .array(shown.map(json)) }
        if start + shown.count < allowed.count { answer["next_page_token"] = .string(String(start + shown.count)) }
        return .object(answer)
    }
}

/// The part of MLflow's search language that is used: equality of names and tags, and how names start.
struct FakeMLflowFilter {
    private var name: String?
    private var start: String?
    private var tags: [(key: String, value: String)] = []

    init(_ text: String) throws {
        guard !text.isEmpty else { return }
        let inner = text.dropFirst("name LIKE '".count).dropLast("%'".count)
        if text.hasPrefix("name LIKE '"), text.hasSuffix("%'"), !inner.contains(where: { $0 == "'" || $0 == "%" }) {
            start = String(inner)
            return
        }
        for condition in text.replacing(" and ", with: " AND ").split(separator: " AND ") {
            let sides = condition.split(separator: "=", maxSplits: 1).map { side in
                String(side.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard sides.count == 2, let quote = sides[1].first, "'\"".contains(quote), sides[1].last == quote,
                !sides[1].dropFirst().dropLast().contains(quote)
            else { throw FakeMLflowRefusal.invalid("Invalid filter '\(text)'.") }
            let value = String(sides[1].dropFirst().dropLast())
            if sides[0] == "name" {
                name = value
            } else if sides[0] == "attributes.status" {
                tags.append((sides[0], value))
            } else if sides[0].hasPrefix("tags.`"), sides[0].hasSuffix("`") {
                tags.append((String(sides[0].dropFirst(6).dropLast()), value))
            } else {
                throw FakeMLflowRefusal.invalid("Invalid attribute key '\(sides[0])' specified.")
            }
        }
    }

    /// Whether a listing without a filter leaves prompts out.
    func asksFor(tag key: String) -> Bool {
        tags.contains { $0.key == key }
    }

    func allows(name: String, tags: [FakeMLflowPair]) -> Bool {
        (self.name == nil || self.name == name) && (start.map(name.hasPrefix) ?? true)
            && self.tags.allSatisfy { tag in tags.contains { $0.key == tag.key && $0.value == tag.value } }
    }
}

extension [FakeMLflowPair] {
    /// Sets a value, in place where the key is there.
    mutating func set(_ pair: FakeMLflowPair) {
        if let index = firstIndex(where: { $0.key == pair.key }) { self[index] = pair } else { append(pair) }
    }

    /// As the server writes it, nil (left out) when empty.
    var json: Value? {
        isEmpty ? nil : .array(map(\.json))
    }

    func checked(longest: Int) throws -> [FakeMLflowPair] {
        for pair in self {
            guard pair.value.unicodeScalars.count <= longest else {
                throw FakeMLflowRefusal.invalid("'value' exceeds the maximum length of \(longest) characters")
            }
            guard pair.key.allSatisfy({ $0.isLetter || $0.isNumber || "_-. :/".contains($0) }), pair.key.count <= 250
            else { throw FakeMLflowRefusal.invalid("Invalid value \"\(pair.key)\" for parameter 'key' supplied") }
        }
        return self
    }
}

/// An object without the fields that have no value.
func fields(_ fields: [String: Value?]) -> Value {
    .object(fields.compactMapValues { $0 })
}
