import Fakes
import Testing
import Wire

@Suite("Whether a server takes changes")
struct WritePermissionTests {
    private func mlflow(_ step: ScriptedTransport.Step) -> MLflowServer {
        MLflowServer(
            Endpoint(service: "MLflow", base: "http://h", transport: ScriptedTransport([step]), retry: .never))
    }

    @Test("A request that is refused for what it asks was allowed to be asked")
    func allowed() async throws {
        try await mlflow(.json(400, #"{"error_code":"INVALID_PARAMETER_VALUE","message":"no name"}"#))
            .checkWritePermission()
    }

    @Test("One that is refused for who asks was not", arguments: [401, 403])
    func denied(status: Int) async {
        let error = await #expect(throws: WireError.self) {
            try await mlflow(.page(status, "Permission denied")).checkWritePermission()
        }
        #expect(error?.status == status)
    }

    @Test("A fake OGX takes changes and is left as it was")
    func ogx() async throws {
        let ogx = FakeOGX()
        let server = try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://h", transport: ogx))
        try await server.checkWritePermission()
        #expect(ogx.stores.isEmpty)
        #expect(ogx.requests.last == "POST /v1/vector_stores/vs_drover-doctor")
    }
}
