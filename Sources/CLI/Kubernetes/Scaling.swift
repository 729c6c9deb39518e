import Language

extension Manifests {
    /// More replicas when the processors are busy: an answer's own work is short, most of it is waiting for Llama Stack.
    var autoscaler: Value {
        [
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": metadata(name, component: "serve"),
            "spec": [
                "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": .string(name)],
                "minReplicas": .integer(options.replicas), "maxReplicas": .integer(options.maxReplicas),
                "metrics": [
                    [
                        "type": "Resource",
                        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 70]],
                    ]
                ],
            ],
        ]
    }

    /// Of the replicas one at a time may be moved.
    var disruptionBudget: Value {
        [
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata(name, component: "serve"),
            "spec": ["maxUnavailable": 1, "selector": ["matchLabels": selector("serve")]],
        ]
    }
}
