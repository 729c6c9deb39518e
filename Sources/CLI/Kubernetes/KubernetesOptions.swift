import ArgumentParser
import Language
import Wire

/// The options for what `drover export kubernetes` writes.
struct KubernetesOptions: ParsableArguments {
    @Option(help: "The image that holds drover: see `drover export dockerfile`.")
    var image: String

    @Option(help: "What the objects are called (default: the name of the stack).")
    var name: String?

    @Option(help: "The namespace of the objects (default: that of whoever applies them).")
    var namespace: String?

    @Option(help: "The least number of replicas that serve.")
    var replicas = 2

    @Option(help: "The most replicas that serve.")
    var maxReplicas = 10

    @Option(name: .customLong("agent"), help: "An agent to serve; repeatable (default: all of the spec).")
    var agents: [String] = []

    @Flag(help: "Answer everybody who reaches the service, without bearer tokens.")
    var allowAnonymous = false

    @Flag(help: "The image holds the spec in /spec; write no ConfigMap.")
    var specInImage = false

    @Flag(help: "Write an OpenShift Route, too.")
    var route = false

    @Option(help: "When the nightly plan runs, in cron's five fields (UTC where the cluster's clock is).")
    var schedule = "17 3 * * *"

    @Option(help: "Write a job that runs the suites in so many shards, too.")
    var shards: Int?

    @Option(help: "What the names of the jobs say of this release, so that each release runs its own, such as r42.")
    var revision: String?

    @Option(help: "A PersistentVolumeClaim that keeps the logs of the shards, for `drover report merge`.")
    var logClaim: String?

    func validate() throws {
        guard Self.isImage(image) else { throw ValidationError("--image takes the name of an image.") }
        guard replicas >= 1, maxReplicas >= replicas, maxReplicas <= 1000 else {
            throw ValidationError("--replicas takes a number from 1 to that of --max-replicas, which is at most 1000.")
        }
        guard shards.map((1...1000).contains) ?? true else {
            throw ValidationError("--shards takes a number from 1 to 1000.")
        }
        guard logClaim == nil || shards != nil else {
            throw ValidationError("--log-claim keeps the logs of --shards.")
        }
        guard schedule.split(separator: " ").count == 5 else {
            throw ValidationError("--schedule takes cron's five fields, such as \"17 3 * * *\".")
        }
        if let namespace, namespace.wholeMatch(of: /[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?/) == nil {
            throw ValidationError("--namespace takes lower-case letters, digits and `-`, at most 63.")
        }
        if let revision, revision.wholeMatch(of: /[a-z0-9]([a-z0-9\-]{0,38}[a-z0-9])?/) == nil {
            throw ValidationError("--revision takes lower-case letters, digits and `-`, at most 40.")
        }
        if let name, !Self.isName(name) {
            throw ValidationError("--name takes lower-case letters, digits and `-`, at most 42, a letter first.")
        }
    }

    /// Whether an image can be called so, as far as files that name it are concerned.
    static func isImage(_ name: String) -> Bool {
        name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\-\/:@]*/) != nil
    }

    /// Whether objects can be called so: Kubernetes takes nothing else, and suffixes make the names longer.
    static func isName(_ name: String) -> Bool {
        name.wholeMatch(of: /[a-z]([a-z0-9\-]{0,40}[a-z0-9])?/) != nil
    }

    /// Whether a job can be called by a name and the revision: together they have no more characters than a name may have.
    func canRevise(_ name: String) -> Bool {
        revision.map { Self.isName("\(name)-\($0)") } ?? true
    }
}

/// The servers that what is exported asks.
struct ExportedServers {
    let llamaStack: String
    let mlflow: String?

    /// - Parameter needsMLflow: Whether the stack has something in MLflow.
    /// - Throws: `Diagnostic` when an address is unknown, or is one of this machine.
    init(_ options: ServerOptions, _ spec: ServersSpec?, needsMLflow: Bool) throws {
        guard let llamaStack = options.llamaStackURL ?? spec?.llamaStack?.url?.value else {
            throw Diagnostic.unknownExportedServer("Llama Stack", "--llamastack-url http://llama-stack.ai.svc:8321")
        }
        self.llamaStack = llamaStack
        mlflow = options.mlflowURL ?? spec?.mlflow?.url?.value
        if needsMLflow, mlflow == nil {
            throw Diagnostic.unknownExportedServer("MLflow", "--mlflow-url http://mlflow.ai.svc:5000")
        }
        for url in [llamaStack, mlflow].compactMap(\.self) {
            if let problem = WebAddress.problem(inServer: url) ?? WebAddress.problem(in: url) {
                throw Diagnostic.badExportedServer(WebAddress.shown(url), problem)
            }
            if Self.isOfOneMachine(url) { throw Diagnostic.noExportedServer(url) }
        }
    }

    /// Whether an address means whichever machine asks it.
    static func isOfOneMachine(_ url: String) -> Bool {
        let host = host(of: url).lowercased()
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }

    /// The ports that they listen on.
    var ports: [Int] {
        Set([llamaStack, mlflow].compactMap(\.self).map(Self.port)).sorted()
    }

    /// Whether one of them may be a service of the cluster, whose pods may listen on another port: `stack`, `stack.ai`,
    /// `stack.ai.svc`, `stack.ai.svc.cluster.local`.
    var hasClusterAddress: Bool {
        [llamaStack, mlflow].compactMap(\.self).contains(where: Self.mayBeOfCluster)
    }

    /// Whether the network policy that is for them lets requests to an address out as well.
    func areOpen(for url: String) -> Bool {
        ports.contains(Self.port(of: url)) || hasClusterAddress && Self.mayBeOfCluster(url)
    }

    private static func mayBeOfCluster(_ url: String) -> Bool {
        let host = host(of: url)
        let parts = host.split(separator: ".")
        return !host.hasPrefix("[") && (parts.count <= 2 || parts[2] == "svc")
    }

    private static func authority(of url: String) -> Substring {
        url.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
    }

    static func host(of url: String) -> String {
        let authority = authority(of: url)
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }

    private static func port(of url: String) -> Int {
        let rest = authority(of: url).dropFirst(host(of: url).count)
        return Int(rest.dropFirst()) ?? (url.hasPrefix("https:") ? 443 : 80)
    }
}

extension Diagnostic {
    /// - Parameter option: What says it.
    fileprivate static func unknownExportedServer(_ server: String, _ option: String) -> Diagnostic {
        Diagnostic(
            "no-exported-server", "Where the servers are is not known",
            detail: "Neither the spec nor an option says where \(server) is to be found in the cluster.",
            fix: "Give the address that holds in the cluster: `\(option)`.", cause: .usage)
    }

    /// - Parameter url: One of this machine.
    fileprivate static func noExportedServer(_ url: String) -> Diagnostic {
        Diagnostic(
            "no-exported-server", "Where the servers are is not known",
            detail: "`\(url)` is an address of this machine, which means something else in a cluster.",
            fix: "Give the address that holds in the cluster: `--llamastack-url http://llama-stack.ai.svc:8321`.",
            cause: .usage)
    }

    fileprivate static func badExportedServer(_ url: String, _ problem: String) -> Diagnostic {
        Diagnostic(
            "bad-url", "Unusable address", detail: "`\(url)` cannot be used: \(problem).",
            fix: "Write a full address, such as `http://llama-stack.ai.svc:8321`.", cause: .usage)
    }
}
