/// The listing of all experiments at the beginning of a run: several readers need it, and it is requested once.
actor FirstExperiments {
    private let listing: Once<[MLflowExperiment]>
    private var readers: Set<String> = []

    init(_ endpoint: Endpoint) {
        listing = Once { try await MLflowServer(endpoint).experiments() }
    }

    /// The listing, once for each reader; nil afterwards, since much may have changed.
    func take(for reader: String) async throws -> [MLflowExperiment]? {
        guard readers.insert(reader).inserted else { return nil }
        return try await listing.value()
    }
}
