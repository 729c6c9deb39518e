import Kinds
import Language
import Wire

extension Stack {
    /// Warnings of secrets that are set here and so short that they are found in innocent words: where a server repeats one,
    /// all its words are withheld. That one is not set is no matter for those who only check a spec.
    var shortSecrets: [Diagnostic] {
        let reader = SecretReader(environment: environment, folder: folder)
        return secretSources.compactMap { source in
            // What cannot be read is told by those who need it.
            guard let secret = try? reader.read(source), !secret.isEmpty, secret != Secret("fake"),
                secret.revealed.unicodeScalars.count < SentSecrets.leastLength
            else { return nil }
            return Diagnostic.shortSecret(source)
        }
    }

    /// The sources of all secrets that the spec names, as its fields say which these are.
    var secretSources: [Located<SecretSource>] {
        let llamaStack = servers?.llamaStack
        let mlflow = servers?.mlflow
        let providers = (llamaStack?.providerData ?? []).map { Located($0.value, at: $0.keyRange) }
        return [llamaStack?.apiKey, mlflow?.token, mlflow?.password].compactMap(\.self) + providers
            + Kinds.secrets(in: workflow)
    }
}

extension Diagnostic {
    fileprivate static func shortSecret(_ source: Located<SecretSource>) -> Diagnostic {
        let origin =
            switch source.value {
            case .environment(let name, _): "in the environment variable `\(name)`"
            case .file(let path): "in the file `\(path)`"
            }
        var diagnostic = Diagnostic(
            "short-secret", "Short secret",
            detail: "The secret \(origin) has fewer than \(SentSecrets.leastLength) characters, which also stand in "
                + "innocent words: where a server repeats it in a message, the whole message is withheld.",
            fix: "Use a longer one.", at: source.range)
        diagnostic.severity = .warning
        return diagnostic
    }
}
