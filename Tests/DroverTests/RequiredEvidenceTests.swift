import Fakes
import FoundationEssentials
import Support
import Testing

/// `drover serve --require-evidence`, with a fake OGX and a fake MLflow.
@Suite("Evidence that a server requires")
struct RequiredEvidenceTests {
    private static func spec(tone: String) -> String {
        """
        drover: v1
        stack: shop
        experiments: {answers: {}}
        agents:
          desk: {model: scripted/llm, instructions: \(tone), log: {experiment: answers}}
          other: {model: scripted/llm, instructions: Be brief., log: {experiment: answers}}
        suites:
          manners:
            agent: desk
            experiment: answers
            cases: [{name: hello, input: Hello, expect: [{contains: ANSWER}]}]

        """
    }

    /// Tries to serve, and says what came of it.
    private static let script = #"""
        try() {
            name="$1"; shift
            : >served.notes  # What an earlier one noted is not taken for its own.
            "$DROVER" serve --port 0 --require-evidence manners "$@" >served.log 2>served.notes &
            served=$!
            for _ in $(seq 1200); do
                grep -q Serving served.notes && break; kill -0 $served 2>/dev/null || break; sleep 0.1
            done
            url=$(sed -n 's/^Listening on \(http[^ ]*[0-9]\)\..*/\1/p' served.notes)
            if grep -q Serving served.notes; then
                curl -s -m 60 "$url/agent/info" | sed "s/^/$name info /"; echo
            fi
            # Also where it did not serve in time: a test that waits for ever tells nothing.
            kill -TERM $served 2>/dev/null
            wait $served; echo "$name code $?"
            sed "s/^/$name says /" served.notes
        }
        "$DROVER" serve --port 0 --require-evidence maners desk 2>&1 | sed "s/^/misspelt says /"
        "$DROVER" serve --port 0 --require-evidence manners desk other 2>&1 | sed "s/^/foreign says /"
        "$DROVER" apply --yes || exit 1
        try before desk
        "$DROVER" test --suite manners || exit 2
        try tested desk
        try version --model-version models:/shop-desk/1
        cp next.txt drover.yaml
        try changed desk
        "$DROVER" apply --yes || exit 3
        try applied desk
        try next --model-version models:/shop-desk/2
        try still --model-version models:/shop-desk/1
        """#

    @Test("Only what has passed the suite in its present state is served, and its evidence is told")
    func required() async throws {
        let (ogx, mlflow) = (FakeOGX(), FakeMLflow())
        let said = try await LoopbackServer.withServer(serving: ogx.transport) { stack in
            try await LoopbackServer.withServer(serving: mlflow) { tracking in
                try await withTemporaryDirectory { directory in
                    for (name, tone) in [("drover.yaml", "Be kind."), ("next.txt", "Be short.")] {
                        try Data(Self.spec(tone: tone).utf8).write(to: URL(filePath: "\(directory)/\(name)"))
                    }
                    let environment = [
                        "DROVER": DroverProgram.path, "LLAMASTACK_BASE_URL": stack, "MLFLOW_TRACKING_URI": tracking,
                    ]
                    let ended = try await DroverProgram(in: directory, environment: environment)
                        .run("/bin/sh", ["-c", Self.script])
                    #expect(ended.code == 0, "\(ended.errors)")
                    return ended.output + ended.errors
                }
            }
        }
        #expect(said.contains("misspelt says error[no-such-suite]"), "\(said)")
        #expect(said.contains("Did you mean `manners`?"), "\(said)")
        #expect(said.contains("The suite `manners` tests the agent `desk`, and not `other`."), "\(said)")
        #expect(!said.contains("misspelt says Listening") && !said.contains("foreign says Listening"))
        for name in ["before", "changed", "applied", "next"] {
            #expect(said.contains("\(name) code 4"), "\(name): \(said)")
            #expect(said.contains("\(name) says error[untested]"), "\(name): \(said)")
        }
        for name in ["tested", "version", "still"] {
            #expect(said.contains("\(name) code 0"), "\(name): \(said)")
            let told = said.split(separator: "\n").first { $0.hasPrefix("\(name) info ") } ?? ""
            #expect(told.contains(#""suite":"manners","verdict":"passed""#), "\(name): \(said)")
        }
    }
}
