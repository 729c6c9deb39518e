import Engine
import Foundation
import Language
import Testing

@testable import Reports

@Suite("A doctor's report")
struct DiagnosisTests {
    private static let tools = Address("tools", "tickets")
    private static let model = Address("models", "chat")

    private static func problem(_ cause: Diagnostic.Cause, severity: Diagnostic.Severity = .error) -> Diagnostic {
        Diagnostic(
            "bad", "Something is not there", detail: "It is not there.", fix: "Put it there.", severity: severity,
            cause: cause)
    }

    private static func diagnosis(
        _ findings: [Finding], server problem: Diagnostic? = nil, declared: [Address] = [model, tools]
    ) -> Diagnosis {
        var server = Diagnosis.Server(name: "Llama Stack", url: "http://h:1", origin: "the lab")
        server.version = "0.2.24"
        server.generation = "0.2"
        server.features = [
            .init(name: "shields", isOffered: true, versions: "Llama Stack 0.2 to 0.7"),
            .init(name: "connectors", isOffered: false, versions: "Llama Stack 0.7 and OGX"),
        ]
        server.problems = problem.map { [$0] } ?? []
        return Diagnosis(servers: [server], stack: "helpdesk", findings: findings, declared: declared)
    }

    @Test(
        "Its cause tells what is not there from what could not be found out",
        arguments: [
            (Diagnosis.Rating.good, nil as Diagnostic.Cause?), (.warned, nil), (.lacking, .lacking),
            (.silent, .unavailable), (.silentAndLacking, .lacking),
        ])
    fileprivate func cause(rating: Diagnosis.Rating, cause: Diagnostic.Cause?) {
        #expect(rating.diagnosis.cause == cause)
    }

    @Test("What a server says of itself makes nothing on a terminal")
    func control() {
        var report = Self.diagnosis([Finding(Self.model, .met("`\u{1B}[2K\u{9B}31m\r`"))])
        report.servers[0].version = "1\u{1B}]0;t\u{7}"
        var problem = Self.problem(.lacking)
        problem.detail = "It said \u{1B}[1A\u{202E}."
        report.servers[0].problems = [problem]
        let text = DoctorText(colors: false).render(report, SourceMap())
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isControl($0) }, "\(text.debugDescription)")
        #expect(text.contains(#"1\u{1B}]0;t\u{7}"#) && text.contains(#"It said \u{1B}[1A\u{202E}."#))
    }

    @Test("For people it shows each thing with a sign, and each problem with its fix")
    func text() {
        let findings = [
            Finding(Self.model, .met("`lab/llm`")), Finding(Self.tools, .unmet(Self.problem(.lacking))),
            Finding(Address("agents", "support"), .skipped(because: Self.tools)),
        ]
        let text = DoctorText(colors: false).render(
            Self.diagnosis(findings, declared: [Self.model, Self.tools, Address("prompts", "system")]), SourceMap())
        #expect(
            text == """
                Llama Stack 0.2.24, generation 0.2, at http://h:1 (the lab)
                  ✓ answers, and takes changes
                  ✓ shields
                  – connectors: Llama Stack 0.7 and OGX

                Stack helpdesk
                  ✓ models.chat: `lab/llm`
                  ✗ tools.tickets: Something is not there
                  – agents.support: not looked at, because of tools.tickets

                error[bad]: Something is not there
                 = why: It is not there.
                 = fix: Put it there.

                1 problem. Not looked at: `prompts.system`.
                """)
    }

    @Test("For programs it keeps everything")
    func json() {
        let value = DoctorJSON.value(
            Self.diagnosis(
                [Finding(Self.tools, .unknown(Self.problem(.unavailable)))], server: Self.problem(.unavailable)),
            SourceMap())
        #expect(value["good"] == false && value["stack"] == "helpdesk")
        #expect(value["servers"]?.array?.first?["features"]?.array?.count == 2)
        #expect(value["servers"]?.array?.first?["problems"]?.array?.first?["code"] == "bad")
        let finding = value["findings"]?.array?.first
        #expect(finding?["verdict"] == "unknown" && finding?["problem"]?["fix"] == "Put it there.")
        #expect(value["unseen"] == ["models.chat"])
    }
}

extension Diagnosis {
    fileprivate enum Rating {
        case good, warned, lacking, silent, silentAndLacking

        var diagnosis: Diagnosis {
            let problem = { (cause: Diagnostic.Cause) in Diagnostic("bad", "Bad", detail: "Bad.", cause: cause) }
            var server = Diagnosis.Server(name: "MLflow", url: "http://h", origin: "the lab")
            var finding = Finding(Address("models", "chat"), .met(""))
            switch self {
            case .good: break
            case .warned:
                let warning = Diagnostic("odd", "Odd", detail: "Odd.", severity: .warning, cause: .lacking)
                finding = Finding(finding.address, .limited(warning))
            case .lacking: finding = Finding(finding.address, .unmet(problem(.lacking)))
            case .silent: server.problems = [problem(.unavailable)]
            case .silentAndLacking:
                server.problems = [problem(.unavailable)]
                finding = Finding(finding.address, .unmet(problem(.lacking)))
            }
            return Diagnosis(servers: [server], stack: "s", findings: [finding], declared: [finding.address])
        }
    }
}
