/// The listing of all experiments that a run begins with: several need it, and it is asked for once.
actor FirstExperiments {
    private let listing: Once<[MLflowExperiment]>
    private var readers: Set<String> = []

    init(_ endpoint: Endpoint) {
        listing = Once { try await MLflowServer(endpoint).experiments() }
    }

    /// The listing; nil for who had it already, since much may have changed since.
    func take(for reader: String) async throws -> [MLflowExperiment]? {
        guard readers.insert(reader).inserted else { return nil }
        return try await listing.value()
    }
}
