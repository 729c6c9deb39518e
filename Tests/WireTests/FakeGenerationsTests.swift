import Fakes
import Foundation
import Language
import Testing
import Wire

/// The fakes of Llama Stack 0.2 to 0.7 against exchanges that were recorded from the real servers, one after the other:
/// the same status, the same fields, and refused is what they refused. Of lists the first thing was kept.
@Suite struct FakeGenerationsTests {
    private struct Recorded {
        let name: String
        let method: HTTPRequest.Method
        let path: String
        let body: Value?
        let status: Int
        /// nil where there was no body.
        let response: Value?

        init(_ value: Value) throws {
            name = try #require(value["name"]?.string)
            method = try #require(value["method"]?.string.flatMap(HTTPRequest.Method.init))
            path = try #require(value["path"]?.string)
            body = value["body"]
            status = try #require(value["status"]?.integer)
            response = value["response"]
        }
    }

    @Test(
        "A fake answers as its version did",
        arguments: [
            FakeStackVersion.llamaStack0224, .llamaStack035, .llamaStack047, .llamaStack073,
        ])
    func replay(version: FakeStackVersion) async throws {
        let file = "Fixtures/exchanges-\(version.rawValue)"
        let url = try #require(Bundle.module.url(forResource: file, withExtension: "json"))
        let exchanges = try #require(try Value(json: Data(contentsOf: url)).array).map(Recorded.init)
        #expect(exchanges.count >= 35)
        let fake = FakeOGX(version)
        var ids: [(recorded: String, made: String)] = []
        for recorded in exchanges {
            func told(_ text: String) -> String {
                ids.reduce(text) { $0.replacing($1.recorded, with: $1.made) }
            }
            let body = recorded.body.map { Array(told($0.canonicalJSON).utf8) }
            let answer = try await fake.send(
                HTTPRequest(recorded.method, "http://fake\(told(recorded.path))", body: body))
            #expect(answer.status == recorded.status, "\(recorded.name)")
            let value = answer.body.isEmpty ? nil : try Value(json: answer.body)
            #expect(value.map(shape) == recorded.response.map(shape), "\(recorded.name)")
            for key in ["id", "agent_id", "session_id"] {
                guard recorded.method == .post, let old = recorded.response?[key]?.string,
                    let new = value?[key]?.string
                else { continue }
                ids.append((old, new))
            }
        }
    }

    /// Field names down to the values; of a list, its first thing; what users wrote, and servers fill in, is left out.
    private func shape(_ value: Value) -> [String] {
        switch value {
        case .object(let object):
            object.sorted { $0.key < $1.key }.flatMap { key, value in
                ["metadata", "custom_metadata", "attributes", "last_error", "agent_config", "params", "args"]
                    .contains(key) ? [key] : shape(value).map { "\(key).\($0)" }
            }
        case .array(let values): values.first.map(shape)?.map { "[].\($0)" } ?? ["[]"]
        case .null, .bool, .integer, .bigInteger, .number, .string: [""]
        }
    }
}
