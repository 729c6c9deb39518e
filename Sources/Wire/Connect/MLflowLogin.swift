import Language

/// How MLflow is told who asks.
enum MLflowLogin: Sendable {
    /// - Parameter origin: Where the name stands.
    case basic(user: String, password: Secret, origin: String)
    /// - Parameter origin: Where the token is.
    case token(Secret, origin: String)

    /// The value of the header.
    var authorization: Secret {
        switch self {
        case .basic(let user, let password, _): .basic(user: user, password: password)
        case .token(let token, _): .bearer(token)
        }
    }

    /// As whom, for people. No server tells whose a token is.
    var told: String {
        switch self {
        case .basic(let user, _, let origin): "\(user) (\(origin))"
        case .token(_, let origin): "the owner of \(origin)"
        }
    }
}

extension Connector {
    /// The environment for a program that asks the same servers with their own clients: where they are and who asks,
    /// also where only the spec says that.
    ///
    /// - Parameter path: Of a new file for a certificate of our own together with its key, which MLflow's client reads
    ///   from one file; it is not written where the spec has both in one. Whoever calls this removes it.
    /// - Throws: `Diagnostic` when a secret cannot be used.
    package func clientEnvironment(certificateAt path: String) throws -> [String: String] {
        var variables = settings.environment
        variables["MLFLOW_TRACKING_URI"] = settings.mlflowLocation.url
        if let login = try mlflowLogin() {
            for (name, value) in login.variables { variables[name] = value }
        }
        if let tls = settings.spec?.mlflow?.tls {
            // MLflow's client refuses both at once.
            variables["MLFLOW_TRACKING_INSECURE_TLS"] = tls.insecure ? "true" : nil
            let authorities = tls.caFile.map(settings.folder.location(of:))
            let inherited = variables["MLFLOW_TRACKING_SERVER_CERT_PATH"]
            variables["MLFLOW_TRACKING_SERVER_CERT_PATH"] = tls.insecure ? nil : authorities ?? inherited
        }
        if let own = settings.mlflowTLS.clientCertificate {
            variables["MLFLOW_TRACKING_CLIENT_CERT_PATH"] = try own.file(joinedAt: path)
        }
        variables["LLAMASTACK_BASE_URL"] = settings.llamaStackLocation.url
        if let key = try llamaStackKey() { variables["LLAMASTACK_API_KEY"] = key.revealed }
        if let tls = settings.spec?.llamaStack?.tls {
            // As a logged agent reads them.
            variables["LLAMASTACK_INSECURE"] = tls.insecure ? "1" : nil
            if let authorities = tls.caFile {
                variables["LLAMASTACK_CA_FILE"] = settings.folder.location(of: authorities)
            }
        }
        if let own = settings.llamaStackTLS.clientCertificate {
            variables["LLAMASTACK_CLIENT_CERT"] = own.certificateFile
            variables["LLAMASTACK_CLIENT_KEY"] = own.keyFile
        }
        return variables
    }
}

extension TLSOptions.ClientCertificate {
    /// The file that holds certificate and key: the one of the spec, or a new one.
    fileprivate func file(joinedAt path: String) throws -> String {
        guard certificateFile != keyFile else { return certificateFile }
        let parts = try [certificateFile, keyFile].map { try FileBytes.read($0, atMost: 1 << 20) }
        let joined = parts.joined(separator: [UInt8(ascii: "\n")]) + [UInt8(ascii: "\n")]
        let file = try NewFile(path)
        try Array(joined).withUnsafeBytes { try file.write($0) }
        return path
    }
}

extension MLflowLogin {
    /// As MLflow's own client reads it; nil for what must not be there.
    fileprivate var variables: [(name: String, value: String?)] {
        let (user, password, token): (String?, String?, String?) =
            switch self {
            case .basic(let user, let password, _): (user, password.revealed, nil)
            case .token(let token, _): (nil, nil, token.revealed)
            }
        return [
            ("MLFLOW_TRACKING_USERNAME", user), ("MLFLOW_TRACKING_PASSWORD", password),
            ("MLFLOW_TRACKING_TOKEN", token),
        ]
    }
}
