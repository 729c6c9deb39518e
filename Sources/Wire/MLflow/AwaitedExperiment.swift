/// An experiment whose id is not known, since MLflow did not answer when it was needed.
package struct AwaitedExperiment: Sendable, Hashable, Codable {
    package let name: String
    /// Tags that it has; without any, whatever has the name is meant, and it is made where there is none.
    package let tags: [String: String]

    package init(_ name: String, tags: [String: String] = [:]) {
        self.name = name
        self.tags = tags
    }
}

extension MLflowServer {
    /// The id of an experiment that is awaited.
    /// - Throws: `WireError`, as of a missing one (404) where it is deleted, or another one has its name.
    func id(of awaited: AwaitedExperiment) async throws -> String {
        guard let found = try await experiment(named: awaited.name) else {
            guard awaited.tags.isEmpty else { throw missing("there is no experiment `\(awaited.name)`") }
            return try await sharedExperiment(awaited.name)
        }
        guard !found.isDeleted else { throw missing("the experiment `\(awaited.name)` is deleted") }
        guard awaited.tags.allSatisfy({ found.tags[$0.key] == $0.value }) else {
            throw missing("the experiment `\(awaited.name)` is somebody else's")
        }
        return found.id
    }

    /// Creates an experiment, unless somebody else does at the same time: all servers that have waited for MLflow ask at once.
    /// - Returns: Its id, whoever made it.
    /// - Throws: `WireError`; `isAlreadyThere` when a deleted one has the name.
    package func sharedExperiment(_ name: String) async throws -> String {
        do {
            return try await createExperiment(name)
        } catch let error as WireError where error.isAlreadyThere {
            guard let made = try await experiment(named: name), !made.isDeleted else { throw error }
            return made.id
        }
    }

    private func experiment(named name: String) async throws -> MLflowExperiment? {
        try await experiments(where: MLflowFilter.name(name)).first { $0.name == name }
    }

    private func missing(_ message: String) -> WireError {
        WireError(
            .status(404), service: "MLflow", operation: "find the experiment for the traces", method: .post,
            base: endpoint.base, path: Self.path("experiments/search"), message: message)
    }
}

extension MLflowTrace {
    /// The same in an experiment that it waited for.
    func placed(inExperiment id: String) -> MLflowTrace {
        var placed = self
        (placed.experimentID, placed.awaited) = (id, nil)
        return placed
    }
}

extension MLflowTraceWriter {
    /// Traces with the ids of their experiments; those that cannot be found out now are asked for once.
    func placed(_ traces: [MLflowTrace]) async -> (placed: [MLflowTrace], failures: [Failure]) {
        var found: [AwaitedExperiment: Result<String, WireError>] = [:]
        for awaited in Set(traces.compactMap(\.awaited)) { found[awaited] = await experiment(awaited) }
        var (placed, failures): ([MLflowTrace], [Failure]) = ([], [])
        for trace in traces {
            switch trace.awaited.flatMap({ found[$0] }) {
            case nil: placed.append(trace)
            case .success(let id): placed.append(trace.placed(inExperiment: id))
            case .failure(let problem): failures.append(Failure(trace: trace, problem: problem))
            }
        }
        return (placed, failures)
    }
}
