import Language
import Testing

extension SpecLoaderTests {
    // Long enough for the limit, and no longer than a while: its thread goes on until the pattern has ended.
    @Test("A pattern that does not come to an end in time is given up")
    func endlessPattern() throws {
        let text =
            "variables: {v: {type: string, default: \(String(repeating: "a", count: 25))!, pattern: '^(a+)+$'}}\n"
        let clock = ContinuousClock()
        var loaded: LoadedSpec?
        let took = try clock.measure { loaded = try load(["a.yaml": text], ["a.yaml"]) }
        #expect(loaded?.diagnostics.map(\.code) == ["variable-not-allowed"])
        #expect(loaded?.diagnostics.first?.detail.contains("given up after 2 s") == true && took < .seconds(30))
    }

    @Test("A whole number stands in a text without a fraction, however large it is")
    func numbers() throws {
        let text = """
            variables:
              a: {type: number, default: 5}
              b: {type: number, default: 0.5}
              c: {type: number, default: 18446744073709551615}
              d: {type: number}
            x: ["${var.a} %", "${var.b} %", "${var.c} %", "${var.d} %", "${var.a}", "${var.c}"]
            """
        let inputs = VariableInputs(assignments: ["d=18446744073709551616"])
        let loaded = try load(["a.yaml": text], ["a.yaml"], variables: inputs)
        #expect(loaded.diagnostics.isEmpty)
        #expect(
            loaded.root?["x"]?.value == [
                "5 %", "0.5 %", "18446744073709551615 %", "18446744073709551616 %", 5.0,
                .bigInteger("18446744073709551615"),
            ])
    }

    @Test("A number from a variable where text belongs is mended at the variable")
    func numberForText() throws {
        let loaded = try load(
            ["a.yaml": "variables: {v: {type: integer, default: 5}}\na: ${var.v}\nb: 5\n"], ["a.yaml"])
        var problems = Problems()
        for key in ["a", "b"] {
            _ = Reading<String>.text.read(try #require(loaded.root?[key]), reporting: &problems)
        }
        #expect(problems.diagnostics.map(\.fix) == ["Declare the variable as `type: string`.", "Put it in quotes."])
    }

    @Test("The same mistake twice in a text is told at both places; thousands of references take no time")
    func places() throws {
        let loaded = try load(
            ["a.yaml": "variables: {v: {type: string, default: a}}\na: x ${var.w} ${var.v} ${var.w}\n"], ["a.yaml"])
        #expect(
            loaded.diagnostics.compactMap { $0.subject.map(loaded.sources.place) } == ["a.yaml:2:6", "a.yaml:2:24"])
        let long = String(repeating: "${var.v} ", count: 20_000)
        let text = "variables: {v: {type: string, default: a}}\na: ${env.X}\nb: \(long)\n"
        let clock = ContinuousClock()
        var value: Value?
        // A search from the start for each took minutes.
        let took = try clock.measure {
            value = try load(["a.yaml": text], ["a.yaml"], environment: ["X": "x"]).root?["b"]?.value
        }
        #expect(value?.string?.hasPrefix("a a a") == true && took < .seconds(30))
    }

    @Test("Variables take the nearest of their values, with their types")
    func variables() throws {
        let text = """
            variables:
              a: {type: string, default: one, env: A}
              b: {type: integer, default: 1, env: B}
              c: {type: number, default: 2}
              d: {type: boolean, env: D}
              e: {type: string, default: "${env.E:-fallback}"}
              f: {type: integer, default: "${env.F:-7}"}
            x: ["${var.a}", "${var.b}", "${var.c}", "${var.d}", "${var.e}", "${var.f}", "b=${var.b}, d=${var.d}"]
            """
        let loaded = try load(["a.yaml": text], ["a.yaml"], environment: ["A": "", "B": "2", "D": "true"])
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.root?["x"]?.value == ["one", 2, 2.0, true, "fallback", 7, "b=2, d=true"])
        let files = ["a.yaml": text, "v.yaml": "a: file\nb: 3\n", "w.yaml": "b: 4\n"]
        let inputs = VariableInputs(assignments: ["a=x=y", "d=false"], files: ["v.yaml", "w.yaml"])
        let given = try load(files, ["a.yaml"], variables: inputs, environment: ["B": "2"])
        #expect(given.diagnostics.isEmpty)
        #expect(given.variables == ["a": "x=y", "b": 4, "c": 2.0, "d": false, "e": "fallback", "f": 7])
    }

    @Test("Texts from the environment are marked, outputs stay pending, keys and x- stay as they are")
    func references() throws {
        let text = """
            variables: {v: {type: string, default: V}}
            a: ${env.A}
            b: pre-${env.A}
            c: ${env.B:-d}
            d: ${vectorStores.handbook.id}
            e: ${var.v} ${row.q} $${x} ${capture.t}
            "${var.v}": $${var.v}
            f: {x-free: "${not a reference", env: TOKEN}
            """
        let loaded = try load(["a.yaml": text], ["a.yaml"], environment: ["A": "1", "B": ""])
        #expect(loaded.diagnostics.isEmpty)
        let root = try #require(loaded.root)
        #expect(root["a"]?.string == "1")
        #expect(root["a"]?.isFromEnvironment == true)
        #expect(root["b"]?.string == "pre-1")
        #expect(root["b"]?.isFromEnvironment == false)
        #expect(root["c"]?.string == "d")
        #expect(
            root["d"]?.content == .pending(Template([.reference(Reference(path: ["vectorStores", "handbook", "id"]))])))
        #expect(
            root["e"]?.content
                == .pending(
                    Template([
                        .literal("V "), .reference(Reference(path: ["row", "q"])), .literal(" ${x} "),
                        .reference(Reference(path: ["capture", "t"])),
                    ])))
        #expect(root["${var.v}"]?.string == "${var.v}")
        #expect(root["f"]?.value == ["x-free": "${not a reference", "env": "TOKEN"])
    }
}
