import FoundationEssentials
import Language

extension Manifests {
    /// The spec and its files. It never changes: another spec has another name, and what runs by the old one goes on.
    var configMap: Value {
        var texts: [String: Value] = [:]
        var bytes: [String: Value] = [:]
        for (index, file) in spec.files.enumerated() {
            if let text = String(validating: file.bytes, as: UTF8.self) {
                texts[key(index)] = .string(text)
            } else {
                bytes[key(index)] = .string(Data(file.bytes).base64EncodedString())
            }
        }
        var map: [String: Value] = [
            "apiVersion": "v1", "kind": "ConfigMap", "immutable": true, "data": .object(texts),
            "metadata": metadata(specName, component: "spec"),
        ]
        if !bytes.isEmpty { map["binaryData"] = .object(bytes) }
        return .object(map)
    }

    /// Each file at its path: the directory of a mounted map has links in it, and every file twice.
    var specMounts: [Value] {
        spec.files.indices.map { index in
            [
                "name": "spec", "readOnly": true, "subPath": .string(key(index)),
                "mountPath": .string("\(Self.directory)/\(spec.files[index].path)"),
            ]
        }
    }

    /// The keys of a map have letters, digits, `-`, `_` and `.` only; a number tells apart what would be the same.
    private func key(_ index: Int) -> String {
        guard index > 0 else { return spec.files[index].path }
        let name = spec.files[index].path.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }
        return "\(index)-\(String(name.suffix(100)))"
    }
}
