package import Wire

extension SpoolSender {
    /// How many runs wait in a folder for an MLflow, by what the samples of their suites count under. One that still goes on,
    /// or is being sent, is none of them; nor is one that cannot be read, which is told when it is to be sent.
    package static func waiting(in directory: String, for server: MLflowServer) -> [String: Int] {
        var waiting: [String: Int] = [:]
        for path in Spool.files(in: directory) {
            guard let file = try? SpooledFile(path), let content = try? file.content() else { continue }
            for run in content.runs where run.server == server.endpoint.base && !content.isWhole(run.suite) {
                if let key = content.key(of: run) { waiting[key, default: 0] += 1 }
            }
        }
        return waiting
    }
}
