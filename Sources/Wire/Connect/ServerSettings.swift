package import Language

/// Where the servers are, and how they are reached.
package struct ServerSettings: Sendable {
    /// An address for each server, where there is one.
    package struct Addresses<Address: Sendable>: Sendable {
        package var llamaStack: Address?
        package var mlflow: Address?

        package init(llamaStack: Address? = nil, mlflow: Address? = nil) {
            self.llamaStack = llamaStack
            self.mlflow = mlflow
        }
    }

    let spec: ServersSpec?
    let folder: SpecFolder
    let environment: [String: String]
    let given: Addresses<ServerLocation>
    let lab: Addresses<String>

    /// - Parameters:
    ///   - spec: What the spec says.
    ///   - folder: The folder of the files that the spec names.
    ///   - environment: For the ecosystem's variables, and for secrets.
    ///   - given: Addresses with the highest precedence, such as those of flags.
    ///   - lab: The running lab's addresses, used when nothing else names one.
    package init(
        spec: ServersSpec?, folder: SpecFolder, environment: [String: String],
        given: Addresses<ServerLocation> = Addresses(), lab: Addresses<String> = Addresses()
    ) {
        self.spec = spec
        self.folder = folder
        self.environment = environment
        self.given = given
        self.lab = lab
    }

    package var llamaStackLocation: ServerLocation {
        ServerLocation(
            given: given.llamaStack, spec: spec?.llamaStack?.url, variable: "LLAMASTACK_BASE_URL",
            lab: lab.llamaStack, standard: "http://localhost:8321", environment: environment)
    }

    package var mlflowLocation: ServerLocation {
        ServerLocation(
            given: given.mlflow, spec: spec?.mlflow?.url, variable: "MLFLOW_TRACKING_URI",
            lab: lab.mlflow, standard: "http://localhost:5000", environment: environment)
    }

    var llamaStackTLS: TLSOptions {
        TLSOptions(spec?.llamaStack?.tls, in: folder, caFile: environment["SSL_CERT_FILE"], insecure: false)
    }

    /// For all hosts other than the two servers: the TLS settings of the spec are not meant for them.
    var otherTLS: TLSOptions {
        TLSOptions(caFile: environment["SSL_CERT_FILE"])
    }

    var mlflowTLS: TLSOptions {
        TLSOptions(
            spec?.mlflow?.tls, in: folder,
            caFile: environment["MLFLOW_TRACKING_SERVER_CERT_PATH"] ?? environment["SSL_CERT_FILE"],
            insecure: ["true", "1"].contains(environment["MLFLOW_TRACKING_INSECURE_TLS"]?.lowercased()))
    }
}

extension TLSOptions {
    /// The settings of the spec, and those of the environment where the spec has none.
    fileprivate init(_ spec: TLSSpec?, in folder: SpecFolder, caFile: String?, insecure: Bool) {
        self.init(
            caFile: spec?.caFile.map(folder.location(of:)) ?? caFile, acceptsAnyCertificate: spec?.insecure ?? insecure)
        guard let certificate = spec?.certFile, let key = spec?.keyFile else { return }
        clientCertificate = ClientCertificate(
            certificateFile: folder.location(of: certificate), keyFile: folder.location(of: key))
    }
}
