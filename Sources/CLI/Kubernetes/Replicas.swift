import Language

extension Manifests {
    /// The replicas that answer. Their number is the autoscaler's.
    var deployment: Value {
        let template = pod(
            "serve", arguments: serveArguments,
            container: [
                "ports": [["name": "http", "containerPort": .integer(Self.port)]],
                "startupProbe": probe("/health", period: 1, failures: 60),
                "livenessProbe": probe("/health", period: 10, failures: 3),
                "readinessProbe": probe("/ready", period: 5, failures: 2),
                // 70 % of it, where more replicas are started, is what 30 answers take that are streamed at 60 pieces a second:
                // half of those that a replica answers at a time.
                "resources": ["requests": ["cpu": "250m", "memory": "128Mi"], "limits": ["memory": "512Mi"]],
            ],
            [
                // Until all who send requests have heard of it (`--shutdown-delay`), for the drain, the last words to clients, and
                // the traces that are still to be written.
                "terminationGracePeriodSeconds": .integer(Self.drain + 45),
                "topologySpreadConstraints": [
                    [
                        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": ["matchLabels": selector("serve")],
                    ]
                ],
            ])
        return [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(name, component: "serve"),
            "spec": [
                "selector": ["matchLabels": selector("serve")],
                "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": 0, "maxSurge": 1]],
                "template": template,
            ],
        ]
    }

    private var serveArguments: [String] {
        let access =
            options.allowAnonymous ? ["--allow-anonymous"] : ["--auth-token-file", "/etc/drover/tokens/tokens"]
        return ["serve"] + options.agents
            + [
                "--spec", specPath, "--host", "0.0.0.0", "--port", "\(Self.port)", "--drain", "\(Self.drain)s",
            ] + access
    }

    private func probe(_ path: String, period: Int, failures: Int) -> Value {
        [
            "httpGet": ["path": .string(path), "port": "http"], "periodSeconds": .integer(period),
            "failureThreshold": .integer(failures), "timeoutSeconds": 5,
        ]
    }
}
