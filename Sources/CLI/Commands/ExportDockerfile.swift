import ArgumentParser

/// `drover export dockerfile`.
struct ExportDockerfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dockerfile",
        abstract: "Write the build file of an image that runs drover.",
        discussion: """
            The image is slim, runs as a user without rights and needs no writable root. Build it in a directory that holds \
            the program `drover`, built with `--static-swift-stdlib` on the same Debian, and for `--with-spec` the spec in \
            `spec/`.

            EXAMPLES
              drover export dockerfile > Dockerfile && docker build -t drover:1 .
              drover export dockerfile --with-spec | docker build -t shop:1 -f - .
            """)

    @Flag(help: "Copy `spec/` into the image, and serve it.")
    var withSpec = false

    @Option(help: "The image to start from: a Debian or Ubuntu.")
    var base = "debian:bookworm-slim"

    func validate() throws {
        guard KubernetesOptions.isImage(base) else { throw ValidationError("--base takes the name of an image.") }
    }

    func run() throws {
        Console.stream(Dockerfile(base: base, hasSpec: withSpec).text)
    }
}

/// The build file of an image.
struct Dockerfile {
    let base: String
    let hasSpec: Bool

    var text: String {
        """
        FROM \(base)
        RUN apt-get update \\
         && apt-get install -y --no-install-recommends ca-certificates libyaml-0-2 libstdc++6 zlib1g \\
         && rm -rf /var/lib/apt/lists/*
        COPY --chmod=0755 drover /usr/local/bin/drover
        \(hasSpec ? "COPY spec /spec\n" : "")RUN ["/usr/local/bin/drover", "--version"]
        ENV HOME=/tmp
        WORKDIR /tmp
        USER 65532:65532
        EXPOSE 8000
        HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \\
          CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /health HTTP/1.0\\\\r\\\\n\\\\r\\\\n' >&3 && head -1 <&3 | grep -q ' 200 '"]
        ENTRYPOINT ["/usr/local/bin/drover"]
        \(command)

        """
    }

    /// Others than this machine reach a container, so that who may ask is to be said: see `--auth-token-file`.
    private var command: String {
        hasSpec
            ? #"CMD ["serve", "--spec", "/spec", "--host", "0.0.0.0", "--auth-token-file", "/etc/drover/tokens/tokens"]"#
            : #"CMD ["--help"]"#
    }
}
