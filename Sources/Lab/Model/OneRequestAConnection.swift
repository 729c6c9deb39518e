import HTTPTypes
import Hummingbird

/// Tells clients to close their connections after each answer.
///
/// Llama Stack 0.3 creates a client for each call of a model and leaves it to Python's garbage collector. Sockets that
/// are still open then are closed without the knowledge of its event loop, and the next connection with the same file
/// descriptor hangs until it times out: 5 s for a model, 30 s for an MCP server, which fails the turn.
struct OneRequestAConnection<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.connection] = "close"
        return response
    }
}
