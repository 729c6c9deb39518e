import Language

extension Manifests {
    /// Who runs all of it; it has no rights in the cluster.
    var serviceAccount: Value {
        [
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name, component: "serve"),
            "automountServiceAccountToken": false,
        ]
    }

    var service: Value {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": metadata(name, component: "serve"),
            "spec": [
                "selector": selector("serve"),
                "ports": [["name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"]],
            ],
        ]
    }

    /// In: requests to what serves. Out: names, and the ports of the servers.
    var networkPolicy: Value {
        let servers: [Value] = servers.ports.map { ["port": .integer($0), "protocol": "TCP"] }
        return [
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": metadata(name, component: "serve"),
            "spec": [
                "podSelector": ["matchLabels": ["app.kubernetes.io/instance": .string(name)]],
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [["ports": [["port": .integer(Self.port), "protocol": "TCP"]]]],
                "egress": [
                    ["ports": [["port": 53, "protocol": "UDP"], ["port": 53, "protocol": "TCP"]]],
                    ["ports": .array(servers)],
                ],
            ],
        ]
    }

    /// OpenShift's way in, over TLS.
    var route: Value {
        [
            "apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": metadata(name, component: "serve"),
            "spec": [
                "to": ["kind": "Service", "name": .string(name)], "port": ["targetPort": "http"],
                "tls": ["termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"],
            ],
        ]
    }
}
