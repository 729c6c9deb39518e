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

    /// In: requests to what serves. Out: names (OpenShift's servers of names listen on 5353), and the ports of the servers.
    /// Of a service in the cluster only the address is known here, and the port of its pods may be another one.
    var networkPolicy: Value {
        var servers: [Value] = []
        let ports: [Value] = self.servers.ports.map { ["port": .integer($0), "protocol": "TCP"] }
        if !ports.isEmpty { servers.append(["ports": .array(ports)]) }
        if self.servers.hasClusterAddress { servers.append(["to": [["namespaceSelector": [:]]]]) }
        let names: [Value] = [53, 5353].flatMap { port -> [Value] in
            [["port": .integer(port), "protocol": "UDP"], ["port": .integer(port), "protocol": "TCP"]]
        }
        return [
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": metadata(name, component: "serve"),
            "spec": [
                "podSelector": ["matchLabels": ["app.kubernetes.io/instance": .string(name)]],
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [["ports": [["port": .integer(Self.port), "protocol": "TCP"]]]],
                "egress": .array([["ports": .array(names)]] + servers),
            ],
        ]
    }

    /// OpenShift's way in, over TLS. It waits longer than an answer may take; by itself it would for 30 seconds.
    var route: Value {
        var metadata = metadata(name, component: "serve").object ?? [:]
        metadata["annotations"] = ["haproxy.router.openshift.io/timeout": "310s"]
        return [
            "apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": .object(metadata),
            "spec": [
                "to": ["kind": "Service", "name": .string(name)], "port": ["targetPort": "http"],
                "tls": ["termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"],
            ],
        ]
    }
}
