extension AsyncHTTPTransport.Proxies {
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    package init(_ environment: [String: String]) {
        let except = environment["NO_PROXY"] ?? environment["no_proxy"] ?? ""
        self.init(
            http: environment["HTTP_PROXY"] ?? environment["http_proxy"],
            https: environment["HTTPS_PROXY"] ?? environment["https_proxy"],
            except: except.split(separator: ",").map { $0.filter { !$0.isWhitespace } })
    }
}
