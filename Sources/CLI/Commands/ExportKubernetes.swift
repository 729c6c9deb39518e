import ArgumentParser
import Engine
import Kinds
import Language

/// `drover export kubernetes`.
struct ExportKubernetesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes",
        abstract: "Write the Kubernetes objects that serve, apply and check a stack.",
        discussion: """
            On standard output: a Deployment with Service, autoscaler, disruption budget and network policy that serves the \
            agents, a Job that applies the spec, and a CronJob that plans it. No server is contacted. Secrets are never \
            written: the objects name the keys of a Secret, which you make.

            EXAMPLES
              drover export kubernetes specs/shop --image registry/drover:1 --llamastack-url http://llama-stack.ai.svc:8321 \
            --mlflow-url http://mlflow.ai.svc:5000 | kubectl apply -f -
              drover export kubernetes specs/shop --image registry/drover:1 --route --shards 8 --revision r42 > shop.yaml
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var kubernetes: KubernetesOptions
    @OptionGroup var server: ServerOptions

    func run() throws {
        let stack = try Stack.load(spec.paths, spec.variation).announced()
        let manifests = try stack.telling {
            let declared = Set(Kinds.agents(in: stack.workflow))
            let unknown = kubernetes.agents.first { !declared.contains($0) }
            if let unknown { throw Diagnostic.noExportedAgent(unknown) }
            let stackName = stack.workflow.stack.name
            guard kubernetes.name != nil || KubernetesOptions.isName(stackName) else {
                throw Diagnostic.longExportName(stackName)
            }
            guard kubernetes.canRevise(kubernetes.name ?? stackName) else { throw Diagnostic.longRevision }
            let manifests = Manifests(
                options: kubernetes,
                servers: try ExportedServers(
                    server, stack.servers, needsMLflow: Kinds.standard.needs(of: stack.workflow).mlflow),
                spec: try ExportedSpec(stack, isInImage: kubernetes.specInImage))
            guard manifests.spec.size <= ExportedSpec.most else {
                throw Diagnostic.longExport(manifests.spec.size)
            }
            return manifests
        }
        for object in manifests.all { Console.stream("---\n" + YAMLWriter.write(Node(object))) }
        for warning in NamedAddress.warnings(in: stack.root) { stack.warn(warning) }
        let closed = NamedAddress.hosts(in: stack.root, beyond: manifests.servers)
        let more = (closed.isEmpty ? [] : [Self.closed(closed)]) + (server.record == nil ? [] : [Self.record])
        for note in manifests.notes + more { Console.note(note) }
    }

    private static let record =
        "Nothing in the cluster uses `--record`: what is applied there is recorded in the MLflow of `--mlflow-url`."

    private static func closed(_ hosts: [String]) -> String {
        "The network policy lets nothing out to \(hosts.listed), which the spec names: add one that does."
    }
}

extension Manifests {
    /// What whoever applies them still has to do.
    fileprivate var notes: [String] {
        let needed = spec.secrets.filter { !$0.isOptional }.map(\.name)
        let secret = needed.isEmpty ? [] : ["Make the Secret `\(name)-secrets` with the keys \(needed.listed)."]
        let tokens =
            options.allowAnonymous
            ? [] : ["Make the Secret `\(tokensName)`: its key `tokens` has a name and a token a line."]
        return secret + tokens + placeNotes + (options.shards.map { testNotes($0) } ?? [])
    }

    /// What does not lie where it seems to.
    private var placeNotes: [String] {
        // `kubectl apply` keeps what it was given in an annotation, and annotations have at most 256 KiB.
        let isLong = !options.specInImage && configMap.canonicalJSON.utf8.count > 200_000
        let long =
            isLong ? ["The ConfigMap is longer than `kubectl apply` takes: use `kubectl apply --server-side`."] : []
        let record =
            servers.mlflow == nil
            ? [
                "Without MLflow the record of what is applied, and the lock, go with the job's pod: `--mlflow-url` says "
                    + "where they are kept."
            ] : []
        return long + record
    }

    private func testNotes(_ shards: Int) -> [String] {
        let job = testJob(shards)["metadata"]?["name"]?.string ?? ""
        let namespace = options.namespace.map { " -n \($0)" } ?? ""
        let release =
            "The job `\(job)` waits: once the spec is applied, let it run with `kubectl patch job \(job)\(namespace) -p "
            + "'{\"spec\":{\"suspend\":false}}'`."
        let logs =
            options.logClaim.map { "The logs lie in the claim `\($0)`: join them with `drover report merge`." }
            ?? "Its pods' logs go with them, so that thresholds of whole suites are not judged: `--log-claim` keeps them."
        return [release, logs]
    }
}

extension Diagnostic {
    fileprivate static func noExportedAgent(_ name: String) -> Diagnostic {
        Diagnostic(
            "unknown-agent", "Unknown agent", detail: "The spec declares no agent `\(name)`.",
            fix: "Name one that it declares.", cause: .usage)
    }

    fileprivate static func longExportName(_ name: String) -> Diagnostic {
        Diagnostic(
            "long-export-name", "A name that Kubernetes does not take",
            detail:
                "Objects cannot be called `\(name)…`: their names have at most 42 characters, and end with a letter "
                + "or a digit.",
            fix: "Choose another one with `--name`.", cause: .usage)
    }

    fileprivate static var longRevision: Diagnostic {
        Diagnostic(
            "long-export-name", "A name that Kubernetes does not take",
            detail: "The name of the objects, `-` and the revision have together at most 42 characters.",
            fix: "Choose a shorter `--revision`, or a shorter name with `--name`.", cause: .usage)
    }

    fileprivate static func longExport(_ size: Int) -> Diagnostic {
        Diagnostic(
            "long-export", "The spec is too long for a ConfigMap",
            detail: "With its files it has \(size) bytes, and a ConfigMap holds \(ExportedSpec.most).",
            fix: "Put it into the image instead, with `--spec-in-image`.", cause: .usage)
    }
}
