package import Runtime
package import Suites
package import Wire

extension MLflowRun {
    /// Whether it asked only chosen cases of its suite, those of a shard, or those that lacked samples.
    package var isOfPart: Bool { tags[EvaluationRun.partTag] != nil || tags[Evidence.shardTag] != nil }

    /// The tokens that it used; nil where they are not known, also where others wrote what is no such number.
    package var totalTokens: Int? {
        metrics["total_tokens"].flatMap { Int(exactly: $0) }.flatMap { $0 < 0 ? nil : $0 }
    }
}

extension MLflowServer {
    /// The verdicts that an evaluation run keeps.
    /// - Returns: Nil when it keeps none that this version reads, or keeps them where only other clients can read.
    package func verdicts(of run: MLflowRun) async throws -> VerdictsFile? {
        guard let folder = try? MLflowArtifactFolder(uri: run.artifactURI) else { return nil }
        return try await artifactIfPresent(named: VerdictsFile.name, in: folder).flatMap { VerdictsFile($0) }
    }

    /// The samples that earlier runs took as evidence.
    /// - Returns: Also how many of the runs keep none that can be read.
    package func samples(of evidence: [Evidence]) async throws -> (samples: EarlierSamples, unreadable: Int) {
        try await withThrowingTaskGroup(of: TakenSamples.self) { group in
            var (samples, unreadable) = (EarlierSamples(), 0)
            for (index, each) in evidence.enumerated() {
                // At most so many requests at once.
                if index >= 8, let taken = try await group.next() { samples.take(taken, orCount: &unreadable) }
                group.addTask { try await taken(by: each) }
            }
            for try await taken in group { samples.take(taken, orCount: &unreadable) }
            return (samples, unreadable)
        }
    }

    private func taken(by evidence: Evidence) async throws -> TakenSamples {
        var shared: [VerdictsFile] = []
        for id in evidence.countedElsewhere {
            if let file = try await verdictsIfThere(ofRun: id) { shared.append(file) }
        }
        return TakenSamples(
            file: try await verdictsIfThere(ofRun: evidence.run), shared: shared,
            failuresOnly: evidence.failuresOnly ?? false,
            failed: evidence.samples.without(evidence.samplesElsewhere).failed)
    }

    private func verdictsIfThere(ofRun id: String) async throws -> VerdictsFile? {
        do {
            return try await verdicts(of: try await run(id))
        } catch let error as WireError where error.isMissing {
            return nil
        }
    }
}

/// What a run keeps of its samples.
private struct TakenSamples: Sendable {
    /// Nil for nothing.
    let file: VerdictsFile?
    /// Of the runs whose samples it holds, too, and that count elsewhere.
    let shared: [VerdictsFile]
    let failuresOnly: Bool
    /// How many failed.
    let failed: Int
}

extension EarlierSamples {
    /// Adds the samples of a run.
    /// - Parameter unreadable: Counts the runs that keep none.
    fileprivate mutating func take(_ taken: TakenSamples, orCount unreadable: inout Int) {
        guard let file = taken.file else {
            unreadable += 1
            miss(failures: taken.failed)
            return
        }
        add(file, failuresOnly: taken.failuresOnly, besides: taken.shared)
    }
}
