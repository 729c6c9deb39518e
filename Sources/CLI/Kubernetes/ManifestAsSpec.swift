import Language

extension Node {
    /// What is wrong with a spec that is, or was joined with, objects of Kubernetes: all else that is wrong follows from that.
    var manifestAsSpec: Diagnostic? {
        guard let version = entries?.first(where: { $0.key.isExactly("apiVersion") }),
            entries?.contains(where: { $0.key.isExactly("kind") }) == true
        else { return nil }
        return Diagnostic(
            "manifest-as-spec", "Kubernetes objects where a spec belongs",
            detail:
                "This file has objects of Kubernetes. It was read as a part of the spec, for its name or where it lies.",
            fix: "Move it out of the directory of the spec, or name the files of the spec.", at: version.keyRange,
            cause: .usage)
    }
}
