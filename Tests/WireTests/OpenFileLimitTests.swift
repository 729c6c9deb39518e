import Foundation
import Language
import NIOCore
import Testing

@testable import Wire

@Suite("The limit of open files")
struct OpenFileLimitTests {
    @Test("A transport takes its share of the limit, and refuses to start where that is too little")
    func share() throws {
        #expect(try AsyncHTTPTransport.connections(within: nil, of: 64) == 64)
        #expect(try AsyncHTTPTransport.connections(within: 100_000, of: 2016) == 2016)
        let some = try AsyncHTTPTransport.connections(within: 4096, of: 2016)
        #expect((1008..<2016).contains(some))
        let problem = try #require(
            #expect(throws: Diagnostic.self) { try AsyncHTTPTransport.connections(within: 100, of: 64) })
        #expect(problem.code == "too-many-open-files" && problem.cause == .unavailable)
        #expect(problem.detail.hasPrefix("This process may have only 100 files and connections open"))
        #expect(problem.fix?.contains("`ulimit -n 4096`") == true)
    }

    @Test("A connection that cannot be opened for it is told by itself, and no server is blamed")
    func connection() throws {
        let failure = try #require(
            TransportFailure.described(IOError(errnoCode: EMFILE, reason: "socket")) as? TransportFailure)
        #expect(failure.reason == .tooManyOpenFiles)
        #expect(failure.message.hasSuffix("that this process may have open at the same time are in use"))
        let endpoint = Endpoint(service: "OGX", base: "http://ogx.test", transport: Exhausted(), retry: .never)
        let call = Call("list the models", .get, "/v1/models")
        let told = endpoint.error(.transport(failure.reason), call, message: failure.message).diagnostic()
        #expect(told.code == "too-many-open-files" && told.detail.contains("no connection to OGX can be opened: all "))
        #expect(told.fix?.contains("`ulimit -n 4096`") == true)
        let other = TransportFailure.described(IOError(errnoCode: ECONNREFUSED, reason: "connect"))
        #expect((other as? TransportFailure)?.reason == .unreachable)
    }

    @Test("Whatever else is refused for it is told with the limit and the way to raise it")
    func others() {
        #expect(SystemError.text(EMFILE).hasSuffix("are in use; `ulimit -n` raises the limit"))
        #expect(SystemError.text(EACCES) == "Permission denied")
        #expect(FileBytes.Failure.tooManyOpenFiles.reason == OpenFileLimit.reason)
        #expect(!OpenFileLimit.isReached)
    }

    private struct Exhausted: HTTPTransport {
        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            throw TransportFailure(.tooManyOpenFiles, OpenFileLimit.reason)
        }

        func stream<Result: Sendable>(
            _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
        ) async throws -> Result {
            throw TransportFailure(.tooManyOpenFiles, OpenFileLimit.reason)
        }
    }
}
