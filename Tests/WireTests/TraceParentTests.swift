import Fakes
import Language
import Testing

@testable import Wire

@Suite("TraceParent")
struct TraceParentTests {
    @Test("A header is read as the standard has it, and written again")
    func header() throws {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let parent = try #require(TraceParent(header: text))
        #expect(parent.header == text && parent.isKept && parent.trace.hexadecimal.hasPrefix("0af76519"))
        let dropped = try #require(TraceParent(header: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-02"))
        #expect(!dropped.isKept && dropped.header.hasSuffix("-00f067aa0ba902b7-00"))
        // MLflow's own client sets a flag more; a later version may say more at its end.
        #expect(TraceParent(header: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03")?.isKept == true)
        #expect(TraceParent(header: "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more") != nil)
    }

    @Test(
        "What is none says nothing",
        arguments: [
            "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c8031-b7ad6b716920333100-01", "00-é-b7ad6b7169203331-01",
        ])
    func none(header: String) {
        #expect(TraceParent(header: header) == nil)
    }

    @Test("Requests of an endpoint bear it where that is wanted, others never")
    func told() async throws {
        for isTold in [true, false] {
            let transport = ScriptedTransport([.json("{}"), .json("{}")])
            var endpoint = Endpoint(service: "Llama Stack", base: "http://stack.test", transport: transport)
            endpoint.tellsTraceParent = isTold
            let parent = TraceParent(trace: TraceID(high: 1, low: 2), span: 3)
            try await TraceParent.$current.withValue(parent) {
                _ = try await endpoint.send(Call("ask", .get, "/v1/version"))
            }
            _ = try await endpoint.send(Call("ask", .get, "/v1/version"))
            let told = transport.requests.map { $0.headers.first { $0.name == "traceparent" }?.value }
            #expect(told == [isTold ? parent.header : nil, nil])
        }
    }
}
