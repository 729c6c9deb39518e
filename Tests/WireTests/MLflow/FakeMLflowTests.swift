import Fakes
import Foundation
import Language
import Testing
import Wire

/// Keeps the fake honest: it must answer as MLflow 3.17.2 did when `Tests/Fixtures/MLflow/record.py` asked it.
@Suite("FakeMLflow")
struct FakeMLflowTests {
    /// Fields whose values differ from run to run, and texts in a server's own words.
    private static let loose: Set<String> = [
        "message", "run_id", "run_uuid", "model_id", "artifact_uri", "source", "source_run_id",
        "last_updated_timestamp", "creation_timestamp", "creation_timestamp_ms",
        "dataset_id", "dataset_record_id", "digest", "created_time",
    ]

    @Test("The fake answers every recorded request as MLflow 3.17.2 did, leaving fields out but inventing none")
    func recorded() async throws {
        let fake = FakeMLflow()
        var known: [String: String] = [:]
        for exchange in try Self.exchanges() {
            let response = try await fake.send(try Self.request(exchange, known))
            let name =
                "\(exchange["method"]?.string ?? "") \(exchange["path"]?.string ?? "") \(exchange["body"] ?? .null)"
            #expect(response.status == exchange["status"]?.integer, "\(name)")
            let answer = (try? Value(json: response.body)) ?? .string(String(decoding: response.body, as: UTF8.self))
            for place in Self.differences(answer, exchange["answer"] ?? .null) {
                Issue.record("\(name): \(place)")
            }
            for (variable, place) in exchange["take"]?.object ?? [:] {
                let keys = (place.string ?? "").split(separator: ".").map(String.init)
                let found: Value = keys.reduce(answer) { value, key in value[key] ?? .null }
                known[variable] = found.string
            }
        }
    }

    private static func exchanges() throws -> [Value] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Fixtures/MLflow/exchanges-3.17.2.json"))
        return try #require(try Value(json: data).array)
    }

    private static func request(_ exchange: Value, _ known: [String: String]) throws -> HTTPRequest {
        func filled(_ text: String) -> String {
            known.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) }
                .replacing("{x*501}", with: String(repeating: "x", count: 501))
                .replacing("{x*100001}", with: String(repeating: "x", count: 100_001))
        }
        let method = try #require(HTTPRequest.Method(rawValue: exchange["method"]?.string ?? ""))
        let path = filled(try #require(exchange["path"]?.string))
        let body: [UInt8]? =
            switch exchange["body"] {
            case .string(let text): Array(text.utf8)
            case .object(let object): Array(filled(Value.object(object).canonicalJSON).utf8)
            case _: nil
            }
        return HTTPRequest(method, FakeMLflow.base + path, body: body)
    }

    /// Where the fake says what the real one did not.
    private static func differences(_ fake: Value, _ real: Value, at place: String = "") -> [String] {
        switch (fake, real) {
        case (.object(let fake), .object(let real)):
            return fake.sorted { $0.key < $1.key }.flatMap { key, value -> [String] in
                guard let other = real[key] else { return ["\(place).\(key) is not there on the real one"] }
                return loose.contains(key) ? [] : differences(value, other, at: "\(place).\(key)")
            }
        case (.array(let fake), .array(let real)):
            guard fake.count == real.count else { return ["\(place) has \(fake.count) elements, not \(real.count)"] }
            return zip(fake, real).enumerated().flatMap { differences($1.0, $1.1, at: "\(place)[\($0)]") }
        case (.string(let fake), .string(let real)) where "{[".contains(real.prefix(1)) && !real.isEmpty:
            // JSON in a text.
            guard let one = try? Value(json: fake.utf8), let other = try? Value(json: real.utf8) else { return [place] }
            return differences(one, other, at: place)
        case (.string(let fake), .string(let real)) where fake.hasPrefix("<!doctype") && real.hasPrefix("<!doctype"):
            return []
        case _: return fake == real ? [] : ["\(place) is \(fake.interpolated), not \(real.interpolated)"]
        }
    }
}
