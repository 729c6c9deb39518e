package import Runtime
package import Suites
package import Wire

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
        try await withThrowingTaskGroup(of: (VerdictsFile?, failuresOnly: Bool).self) { group in
            var (samples, unreadable) = (EarlierSamples(), 0)
            for (index, each) in evidence.enumerated() {
                // At most so many requests at once.
                if index >= 8, let (file, failuresOnly) = try await group.next() {
                    samples.take(file, failuresOnly: failuresOnly, orCount: &unreadable)
                }
                group.addTask { (try await verdictsIfThere(ofRun: each.run), each.failuresOnly ?? false) }
            }
            for try await (file, failuresOnly) in group {
                samples.take(file, failuresOnly: failuresOnly, orCount: &unreadable)
            }
            return (samples, unreadable)
        }
    }

    private func verdictsIfThere(ofRun id: String) async throws -> VerdictsFile? {
        do {
            return try await verdicts(of: try await run(id))
        } catch let error as WireError where error.isMissing {
            return nil
        }
    }
}

extension EarlierSamples {
    /// Adds the samples of a run.
    /// - Parameter unreadable: Counts the runs that keep none.
    fileprivate mutating func take(_ file: VerdictsFile?, failuresOnly: Bool, orCount unreadable: inout Int) {
        if let file { add(file, failuresOnly: failuresOnly) } else { unreadable += 1 }
    }
}
