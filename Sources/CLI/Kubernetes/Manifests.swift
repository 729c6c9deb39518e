import Language

/// The Kubernetes objects that run a stack: `kubectl apply -f`. Each kind of object is a file beside this one.
struct Manifests {
    /// Where the spec lies in a container.
    static let directory = "/spec"
    /// Where the logs of test runs lie, if a claim keeps them.
    static let logs = "/runs"
    static let port = 8000
    /// How long requests may still take when a replica is stopped, in seconds.
    static let drain = 30

    let options: KubernetesOptions
    let servers: ExportedServers
    let spec: ExportedSpec

    var name: String { options.name ?? spec.stack }
    private var secretName: String { "\(name)-secrets" }
    var tokensName: String { "\(name)-tokens" }
    /// What commands read: the one document of a map, since files beside it, such as an `openapi.yaml`, are no specs; in an
    /// image, the directory.
    var specPath: String { options.specInImage ? Self.directory : "\(Self.directory)/\(ExportedSpec.document)" }
    var specName: String { "\(name)-spec-\(spec.digest)" }

    /// All objects, in the order in which they are needed.
    var all: [Value] {
        let serving = [serviceAccount, options.specInImage ? nil : configMap, networkPolicy, service, deployment]
        let scaling = [disruptionBudget, autoscaler, options.route ? route : nil]
        return (serving + scaling + [applyJob, planJob, options.shards.map(testJob)]).compactMap(\.self)
    }

    func metadata(_ name: String, component: String) -> Value {
        var metadata: [String: Value] = ["name": .string(name), "labels": labels(component)]
        metadata["namespace"] = options.namespace.map(Value.string)
        return .object(metadata)
    }

    func labels(_ component: String) -> Value {
        [
            "app.kubernetes.io/name": "drover", "app.kubernetes.io/instance": .string(name),
            "app.kubernetes.io/component": .string(component),
            "app.kubernetes.io/managed-by": "drover-export",
        ]
    }

    /// What chooses the pods of a component: a part of their labels that no version changes.
    func selector(_ component: String) -> Value {
        ["app.kubernetes.io/instance": .string(name), "app.kubernetes.io/component": .string(component)]
    }

    /// A pod with one container that runs drover without any right that it does not need.
    func pod(_ component: String, arguments: [String], container more: [String: Value] = [:], _ rest: [String: Value])
        -> Value
    {
        let container: [String: Value] = [
            "name": "drover", "image": .string(options.image), "args": .array(arguments.map(Value.string)),
            "env": .array(environment(component)), "workingDir": "/tmp", "volumeMounts": .array(mounts(component)),
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
            ],
            "resources": ["requests": ["cpu": "100m", "memory": "64Mi"], "limits": ["memory": "512Mi"]],
        ]
        let pod: [String: Value] = [
            "serviceAccountName": .string(name), "automountServiceAccountToken": false,
            "securityContext": .object(securityContext),
            "containers": [.object(container.merging(more) { $1 })], "volumes": .array(volumes(component)),
        ]
        return [
            "metadata": ["labels": labels(component)],
            "spec": .object(pod.merging(rest) { $1 }),
        ]
    }

    /// OpenShift gives each namespace users of its own, and refuses all others.
    private var securityContext: [String: Value] {
        let context: [String: Value] = ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]]
        guard !options.route else { return context }
        return context.merging(["runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532]) { $1 }
    }

    /// The addresses of the servers, and each secret from the key of its name; the name of a pod whose log is kept.
    private func environment(_ component: String) -> [Value] {
        let told: [(String, String)] =
            [("DROVER_LLAMASTACK_URL", servers.llamaStack), ("HOME", "/tmp")]
            + (servers.mlflow.map { [("DROVER_MLFLOW_URL", $0)] } ?? [])
        let usual = [
            "LLAMASTACK_API_KEY", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD",
        ].filter { name in !spec.secrets.contains { $0.name == name } }
        let secrets = spec.secrets + usual.map { ExportedSpec.SecretVariable(name: $0, isOptional: true) }
        return told.sorted { $0.0 < $1.0 }.map { ["name": .string($0), "value": .string($1)] }
            + secrets.map { secret in
                [
                    "name": .string(secret.name),
                    "valueFrom": [
                        "secretKeyRef": [
                            "name": .string(secretName), "key": .string(secret.name),
                            "optional": .bool(secret.isOptional),
                        ]
                    ],
                ]
            }
            + (component == "test" && options.logClaim != nil
                ? [["name": "POD_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]] : [])
    }

    private func volumes(_ component: String) -> [Value] {
        var volumes: [Value] = [["name": "tmp", "emptyDir": [:]]]
        if !options.specInImage {
            volumes.append(["name": "spec", "configMap": ["name": .string(specName), "defaultMode": 0o555]])
        }
        if component == "serve", !options.allowAnonymous {
            volumes.append(["name": "tokens", "secret": ["secretName": .string(tokensName)]])
        }
        if component == "test", let claim = options.logClaim {
            volumes.append(["name": "runs", "persistentVolumeClaim": ["claimName": .string(claim)]])
        }
        return volumes
    }

    private func mounts(_ component: String) -> [Value] {
        var mounts: [Value] = [["name": "tmp", "mountPath": "/tmp"]]
        if !options.specInImage { mounts += specMounts }
        if component == "serve", !options.allowAnonymous {
            mounts.append(["name": "tokens", "mountPath": "/etc/drover/tokens", "readOnly": true])
        }
        if component == "test", options.logClaim != nil {
            mounts.append(["name": "runs", "mountPath": .string(Self.logs)])
        }
        return mounts
    }
}
