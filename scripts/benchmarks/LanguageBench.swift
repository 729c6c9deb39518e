// Compiled into one module with `Sources/Language`, see `scripts/benchmarks/language`.

import CYAML
import FoundationEssentials

/// Times the steps of reading one file, each the best of so many runs, and prints them as `name seconds` lines.
///
///     language FILE RUNS [STEP…]
@main
enum LanguageBench {
    static func main() throws {
        let path = CommandLine.arguments[1]
        let runs = Int(CommandLine.arguments[2]) ?? 1
        let bytes = try FileBytes.read(path, atMost: Reader.Limits.bytes)
        let source = Source(path: path, bytes: bytes)
        let loader = SpecLoader(fields: [], environment: [:], workingDirectory: "/") { _ in bytes }
        let steps: [(name: String, body: () -> Int)] = [
            ("events", { bareEvents(bytes) }),
            ("reader", { Reader.reading(source, id: SourceID(index: 0)).documents.count }),
            ("loader", { loader.load(paths: ["-"]).diagnostics.count }),
        ]
        let wanted = CommandLine.arguments.dropFirst(3)
        for step in steps where wanted.isEmpty || wanted.contains(step.name) {
            print(step.name, best(of: runs, step.body))
        }
    }

    /// What libyaml alone needs: every event is read and dropped.
    private static func bareEvents(_ bytes: [UInt8]) -> Int {
        var parser = yaml_parser_t()
        var event = yaml_event_t()
        var count = 0
        yaml_parser_initialize(&parser)
        defer { yaml_parser_delete(&parser) }
        bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            while yaml_parser_parse(&parser, &event) == 1 {
                let isLast = event.type == YAML_STREAM_END_EVENT
                count += 1
                yaml_event_delete(&event)
                if isLast { break }
            }
        }
        return count
    }

    private static func best(of runs: Int, _ body: () -> Int) -> Double {
        let clock = ContinuousClock()
        let times = (0..<runs).map { _ in
            var result = 0
            let time = clock.measure { result = body() }
            precondition(result >= 0, "The work is done.")
            return Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds)
        }
        return times.min() ?? 0
    }
}

// What `Digest.swift` has, without its dependency: the benchmark hashes nothing.

func sha256Hex(_ bytes: some Sequence<UInt8>) -> String { "" }

struct StreamingDigest {
    mutating func update(_ bytes: UnsafeRawBufferPointer) {}

    var hexadecimal: String { "" }
}
