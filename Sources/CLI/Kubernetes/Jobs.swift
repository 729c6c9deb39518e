import Language

extension Manifests {
    /// Applies the spec once; another spec, image, server or revision is another job.
    var applyJob: Value {
        job(
            "\(name)-apply", "apply", ["apply", specPath, "--yes", "--lock-timeout", "10m"])
    }

    /// Says every night whether the servers are still as declared: the job fails when they are not.
    var planJob: Value {
        [
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("\(name)-plan", component: "plan"),
            "spec": [
                "schedule": .string(options.schedule), "concurrencyPolicy": "Forbid",
                "jobTemplate": ["spec": jobSpec("plan", ["plan", specPath, "--exit-code"], days: 7)],
            ],
        ]
    }

    /// Runs the suites, a part of their cases in each pod; the parts are joined with `drover report merge`. It is released by
    /// hand: it is written beside the job that applies what it tests. A part that fails ends no other one.
    func testJob(_ shards: Int) -> Value {
        let log = options.logClaim.map { _ in ["--log", "\(Self.logs)/$(POD_NAME).jsonl"] } ?? []
        return job(
            "\(name)-test", "test", ["test", specPath, "--shard", "auto/\(shards)"] + log,
            [
                "completionMode": "Indexed", "completions": .integer(shards), "parallelism": .integer(shards),
                "backoffLimitPerIndex": 0, "suspend": true,
            ])
    }

    /// A job cannot be changed, and one that is there is not run again: what it does, and for which revision, is a part of its
    /// name. A day after its end it is gone, so that what it did may be done anew.
    private func job(
        _ name: String, _ component: String, _ arguments: [String], _ more: [String: Value] = Self.once
    ) -> Value {
        let spec = jobSpec(component, arguments, days: 1, more)
        let digest = sha256Hex("\(self.spec.digest) \(spec.canonicalJSON)".utf8).prefix(10)
        let revised = options.revision.map { "\(name)-\($0)" } ?? name
        return [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("\(revised)-\(digest)", component: component),
            "spec": spec,
        ]
    }

    /// What went wrong once goes wrong again, or is seen by whoever looks at the job.
    private static let once: [String: Value] = ["backoffLimit": 0]

    /// That a node was drained says nothing of what ran there: another pod takes its place.
    private static let failurePolicy: Value = [
        "rules": [["action": "Ignore", "onPodConditions": [["type": "DisruptionTarget", "status": "True"]]]]
    ]

    /// - Parameter days: How long a job can be looked at after its end.
    private func jobSpec(
        _ component: String, _ arguments: [String], days: Int, _ more: [String: Value] = Self.once
    ) -> Value {
        let spec: [String: Value] = [
            "ttlSecondsAfterFinished": .integer(days * 86_400), "podFailurePolicy": Self.failurePolicy,
            "template": pod(component, arguments: arguments, ["restartPolicy": "Never"]),
        ]
        return .object(spec.merging(more) { $1 })
    }
}
