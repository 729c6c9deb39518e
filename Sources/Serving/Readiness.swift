package import Wire

extension LlamaStack {
    /// Whether the server answers now.
    package func isAnswering(within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                // Whatever goes wrong, it does not answer as it should.
                let call = Call("ask for the version", .get, "/v1/version", timeout: limit)
                return (try? await endpoint.send(call)) != nil
            }
            group.addTask {
                // A cancelled sleep means that the answer was first.
                _ = try? await Task.sleep(for: limit)
                return false
            }
            let isAnswering = await group.next() ?? false
            group.cancelAll()
            return isAnswering
        }
    }
}
