import FoundationEssentials
import Language
import Support
import Testing

/// `Tests/Python/test_export.py` validates `Export/kubernetes.expected` with the schemas of Kubernetes.
@Suite("drover export")
struct ExportCommandTests {
    private static let folder = "\(packageRoot)/Tests/DroverTests/Export"

    private func kubernetes(_ arguments: String...) async throws -> DroverProgram.Ended {
        let drover = DroverProgram(in: Self.folder)
        return try await drover(["export", "kubernetes", ".", "--image", "registry/drover:1"] + arguments)
    }

    @Test("The objects that run a stack are as in the golden file")
    func golden() async throws {
        let ended = try await kubernetes("--route", "--shards", "4", "--namespace", "agents")
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(ended.errors.contains("Make the Secret `shop-secrets` with the keys `SHOP_API_KEY`."))
        #expect(ended.errors.contains("Make the Secret `shop-tokens`"))
        #expect(ended.errors.contains("-n agents -p '{\"spec\":{\"suspend\":false}}'`"))
        #expect(ended.errors.contains("`--log-claim` keeps them"))
        let golden = try String(contentsOfFile: "\(Self.folder)/kubernetes.expected", encoding: .utf8)
        #expect(ended.output == golden)
    }

    @Test("A claim keeps the logs of shards, each under the name of its pod")
    func logClaim() async throws {
        let ended = try await kubernetes("--shards", "4", "--log-claim", "runs")
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(ended.output.contains("claimName: runs\n") && ended.output.contains("mountPath: /runs\n"))
        #expect(ended.output.contains("/runs/$(POD_NAME).jsonl") && ended.output.contains("fieldPath: metadata.name\n"))
        #expect(ended.errors.contains("join them with `drover report merge`"))
        #expect(ended.output.matches(of: /name: runs\n/).count == 2, "Only the test job has it.")
    }

    @Test("Each release that is named has jobs of its own, which do the same; a day after its end a job is gone")
    func revision() async throws {
        let plain = try await kubernetes("--shards", "4").output
        let named = try await kubernetes("--shards", "4", "--revision", "r42")
        #expect(named.code == 0, "\(named.errors)")
        #expect(named.output.matches(of: /name: shop-(apply|test)-r42-[0-9a-f]{10}\n/).count == 2)
        #expect(named.output.replacing(/(shop-(?:apply|test))-r42-/) { "\($0.output.1)-" } == plain)
        #expect(named.errors.contains("The job `shop-test-r42-"), "\(named.errors)")
        #expect(plain.matches(of: /\n  ttlSecondsAfterFinished: 86400\n/).count == 2)
        let long = try await kubernetes("--revision", String(repeating: "r", count: 38))
        #expect(long.code == 64 && long.errors.contains("at most 42 characters"), "\(long.errors)")
        let longest = try await kubernetes("--revision", String(repeating: "r", count: 37), "--shards", "1000")
        #expect(longest.code == 0, "\(longest.errors)")
        // Each pod is called by its job and its number, at most 63 characters.
        #expect(longest.output.contains(/name: shop-test-r{37}-[0-9a-f]{10}\n/))
    }

    @Test("A spec in the image needs no ConfigMap, and who answers everybody no tokens")
    func lean() async throws {
        let ended = try await kubernetes("--spec-in-image", "--allow-anonymous", "--agent", "support")
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(!ended.output.contains("kind: ConfigMap") && !ended.output.contains("shop-tokens"))
        #expect(ended.output.contains("- \"--allow-anonymous\"\n") && ended.output.contains("- support\n"))
        #expect(!ended.output.contains("kind: Route") && !ended.output.contains("Indexed"))
        #expect(!ended.errors.contains("--record"), "\(ended.errors)")
    }

    @Test("A record of this machine is not that of the cluster, which is told")
    func record() async throws {
        let (plain, ended) = (try await kubernetes(), try await kubernetes("--record", "file:shop.json"))
        #expect(ended.code == 0 && ended.output == plain.output)
        #expect(ended.errors.contains("Nothing in the cluster uses `--record`"), "\(ended.errors)")
    }

    @Test("What no image is called is refused", arguments: ["a b", "debian\nRUN x", "-x", "dér"])
    func images(name: String) async throws {
        let drover = DroverProgram(in: Self.folder)
        let objects = try await drover(["export", "kubernetes", ".", "--image=\(name)"])
        #expect(objects.code == 64 && objects.errors.contains("--image takes the name of an image."))
        let file = try await drover(["export", "dockerfile", "--base=\(name)"])
        #expect(file.code == 64 && file.errors.contains("--base takes the name of an image.") && file.output == "")
    }

    @Test(
        "What cannot work in a cluster is told",
        arguments: [
            (["--llamastack-url", "http://localhost:8321"], 64, "an address of this machine"),
            (["--llamastack-url", "http://[::1]:8321"], 64, "an address of this machine"),
            (["--agent", "suport"], 64, "declares no agent `suport`"),
            (["--name", "Shop"], 64, "lower-case letters"), (["--shards", "0"], 64, "from 1 to 1000"),
            (["--log-claim", "runs"], 64, "--shards"), (["--revision", "v1.2"], 64, "lower-case letters"),
            (["--replicas", "20"], 64, "--max-replicas"), (["--schedule", "daily"], 64, "five fields"),
        ])
    func mistakes(arguments: [String], code: Int32, said: String) async throws {
        let drover = DroverProgram(in: Self.folder)
        let ended = try await drover(["export", "kubernetes", ".", "--image", "i"] + arguments)
        #expect(ended.code == code && ended.errors.contains(said), "\(ended.errors)")
        #expect(ended.output == "")
    }

    @Test("Only fields for secrets name keys of the Secret: a tag `env` is data")
    func tags() async throws {
        try await withTemporaryDirectory { directory in
            let spec = "\(directory)/spec"
            try FileManager.default.copyItem(atPath: Self.folder, toPath: spec)
            let text = try String(contentsOfFile: "\(spec)/drover.yaml", encoding: .utf8)
            try Data((text + "\nexperiments:\n  shop: {tags: {env: prod}}\n").utf8)
                .write(to: URL(filePath: "\(spec)/drover.yaml"))
            let ended = try await DroverProgram(in: directory)(["export", "kubernetes", "spec", "--image", "i"])
            #expect(ended.code == 0, "\(ended.errors)")
            #expect(ended.errors.contains("with the keys `SHOP_API_KEY`."))
            #expect(ended.output.contains("key: SHOP_API_KEY\n") && !ended.output.contains("key: prod\n"))
        }
    }

    @Test(
        "A stack whose name Kubernetes does not take needs another for its objects",
        arguments: ["shop-", "s\(String(repeating: "o", count: 42))"])
    func name(stack: String) async throws {
        try await withTemporaryDirectory { directory in
            let spec = "\(directory)/spec"
            try FileManager.default.copyItem(atPath: Self.folder, toPath: spec)
            let text = try String(contentsOfFile: "\(spec)/drover.yaml", encoding: .utf8)
            try Data(text.replacing("stack: shop", with: "stack: \(stack)").utf8)
                .write(to: URL(filePath: "\(spec)/drover.yaml"))
            let drover = DroverProgram(in: directory)
            let refused = try await drover(["export", "kubernetes", "spec", "--image", "i"])
            #expect(refused.code == 64 && refused.errors.contains("with `--name`"), "\(refused.errors)")
            let named = try await drover(["export", "kubernetes", "spec", "--image", "i", "--name", "shop"])
            #expect(named.code == 0, "\(named.errors)")
        }
    }

    @Test("The address of MLflow is asked for where the stack has something there", arguments: [true, false])
    func mlflow(isNeeded: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let spec = "drover: v1\nstack: shop\n" + (isNeeded ? "experiments: {e: {}}\n" : "models: {}\n")
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let words = ["export", "kubernetes", ".", "--image", "i", "--llamastack-url", "http://stack.ai.svc:8321"]
            let ended = try await DroverProgram(in: directory)(words)
            #expect(ended.code == (isNeeded ? 64 : 0), "\(ended.errors)")
            #expect(ended.errors.contains("says where MLflow is") == isNeeded, "\(ended.errors)")
            #expect(ended.errors.contains("go with the job's pod") == !isNeeded, "\(ended.errors)")
        }
    }

    @Test("A file beside the spec is not read as one, and one with its name is refused")
    func documents() async throws {
        try await withTemporaryDirectory { directory in
            let spec = "\(directory)/spec"
            try FileManager.default.copyItem(atPath: Self.folder, toPath: spec)
            let text = try String(contentsOfFile: "\(spec)/drover.yaml", encoding: .utf8)
            try Data(text.replacing("docs/*.md", with: "\"*.yaml\"").utf8).write(to: URL(filePath: "\(spec)/shop.yml"))
            try Data("openapi: 3.1.0\n".utf8).write(to: URL(filePath: "\(spec)/openapi.yaml"))
            let drover = DroverProgram(in: directory)
            let refused = try await drover(["export", "kubernetes", "spec/shop.yml", "--image", "i"])
            #expect(refused.code == 3 && refused.errors.contains("names the file `drover.yaml`"), "\(refused.errors)")
            try FileManager.default.removeItem(atPath: "\(spec)/drover.yaml")
            let ended = try await drover(["export", "kubernetes", "spec/shop.yml", "--image", "i"])
            #expect(ended.code == 0, "\(ended.errors)")
            #expect(ended.output.contains("mountPath: /spec/openapi.yaml\n"))
            #expect(ended.output.contains("- /spec/drover.yaml\n") && !ended.output.contains("- /spec\n"))
        }
    }

    @Test(
        "Where a server may be a service of the cluster, the ports of its pods are open",
        arguments: [
            ("stack", true), ("stack.ai", true), ("stack.ai.svc", true), ("stack.ai.svc.cluster.local", true),
            ("stack.example.com", false), ("10.0.0.1", false),
        ])
    func network(host: String, isOfCluster: Bool) async throws {
        let ended = try await kubernetes(
            "--llamastack-url", "http://\(host):8321", "--mlflow-url", "https://mlflow.example.com")
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(ended.output.contains("- namespaceSelector: {}\n") == isOfCluster)
    }

    @Test("Objects that were written beside the spec are told once, and not as hundreds of mistakes in a spec")
    func besideSpec() async throws {
        try await withTemporaryDirectory { directory in
            let spec = "\(directory)/spec"
            try FileManager.default.copyItem(atPath: Self.folder, toPath: spec)
            try FileManager.default.copyItem(
                atPath: "\(spec)/kubernetes.expected", toPath: "\(spec)/kubernetes.yaml")
            let ended = try await DroverProgram(in: directory)("validate", "spec")
            #expect(ended.code == 64 && ended.errors.contains("kubernetes.yaml:"), "\(ended.errors)")
            #expect(ended.errors.matches(of: /error\[/).count == 1, "\(ended.errors)")
        }
    }

    @Test("An address of this machine is told with its place, and whom the network policy lets nobody out to")
    func addresses() async throws {
        let spec = """
            drover: v1
            stack: shop
            models: {}
            tools:
              tickets: {mcp: {url: "http://127.0.0.1:8090/mcp"}}
              wiki: {mcp: {url: "https://wiki.example.com/mcp"}}
              stock: {function: {description: Stock., parameters: {}, http: {url: "http://stock.shop.svc:80/count"}}}
              rates: {function: {description: Rates., parameters: {}, http: {url: "https://rates.example.com/now"}}}

            """
        try await withTemporaryDirectory { directory in
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let words = ["export", "kubernetes", ".", "--image", "i", "--llamastack-url", "http://stack.ai.svc:8321"]
            let ended = try await DroverProgram(in: directory)(words)
            #expect(ended.code == 0, "\(ended.errors)")
            #expect(ended.errors.contains("warning[address-in-export]"), "\(ended.errors)")
            #expect(ended.errors.contains("drover.yaml:5:"), "\(ended.errors)")
            #expect(ended.errors.contains("lets nothing out to `rates.example.com`, which"), "\(ended.errors)")
        }
    }

    @Test("What is only called `url`, in tags, attributes and schemas, is no address that anybody asks")
    func unasked() async throws {
        let spec = """
            drover: v1
            stack: shop
            models: {}
            experiments: {answers: {tags: {url: "http://localhost:3000/wiki"}}}
            tools:
              rates:
                function:
                  description: Rates.
                  parameters: {type: object, properties: {}, example: {url: "https://other.example.com/now"}}
                  http: {url: "https://rates.example.com?of=now"}

            """
        try await withTemporaryDirectory { directory in
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let servers = ["--llamastack-url", "http://stack.ai.svc:8321", "--mlflow-url", "http://mlflow.ai.svc:5000"]
            let words = ["export", "kubernetes", ".", "--image", "i"] + servers
            let ended = try await DroverProgram(in: directory)(words)
            #expect(ended.code == 0 && !ended.errors.contains("warning"), "\(ended.errors)")
            #expect(ended.errors.contains("lets nothing out to `rates.example.com`, which"), "\(ended.errors)")
        }
    }

    @Test("A file that cannot be mounted is told, and so is a map that `kubectl apply` does not take by itself")
    func mounts() async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.copyItem(atPath: Self.folder, toPath: "\(directory)/spec")
            let drover = DroverProgram(in: directory)
            let short = try await drover(["export", "kubernetes", "spec", "--image", "i"])
            #expect(short.code == 0 && !short.errors.contains("--server-side"), "\(short.errors)")
            try Data(repeating: 0x41, count: 300_000).write(to: URL(filePath: "\(directory)/spec/docs/long.md"))
            let long = try await drover(["export", "kubernetes", "spec", "--image", "i"])
            #expect(long.code == 0 && long.errors.contains("`kubectl apply --server-side`"), "\(long.errors)")
            try Data("x".utf8).write(to: URL(filePath: "\(directory)/spec/docs/a:b.md"))
            let refused = try await drover(["export", "kubernetes", "spec", "--image", "i"])
            #expect(refused.code == 3 && refused.errors.contains("`docs/a:b.md`"), "\(refused.errors)")
            let inImage = try await drover(["export", "kubernetes", "spec", "--image", "i", "--spec-in-image"])
            #expect(inImage.code == 0, "\(inImage.errors)")
        }
    }

    @Test("A spec that no ConfigMap holds is told, and goes into the image")
    func long() async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.copyItem(atPath: Self.folder, toPath: "\(directory)/spec")
            try Data(repeating: 0x41, count: 1_000_001).write(to: URL(filePath: "\(directory)/spec/docs/long.md"))
            let drover = DroverProgram(in: directory)
            let ended = try await drover(["export", "kubernetes", "spec", "--image", "i"])
            #expect(ended.code != 0 && ended.errors.contains("docs/long.md") && ended.output == "")
            let inImage = try await drover(["export", "kubernetes", "spec", "--image", "i", "--spec-in-image"])
            #expect(inImage.code == 0, "\(inImage.errors)")
        }
    }

    @Test("The build file runs as a user without rights", arguments: [true, false])
    func dockerfile(hasSpec: Bool) async throws {
        let ended = try await DroverProgram(in: Self.folder)(
            ["export", "dockerfile"] + (hasSpec ? ["--with-spec"] : []))
        #expect(ended.code == 0 && ended.errors == "")
        let lines = ended.output.split(separator: "\n").map(String.init)
        #expect(lines.first == "FROM debian:bookworm-slim" && lines.contains("USER 65532:65532"))
        #expect(lines.contains("COPY spec /spec") == hasSpec)
        #expect(lines.last?.hasPrefix(hasSpec ? #"CMD ["serve", "# : #"CMD ["--help"]"#) == true)
    }
}
