import Language

/// The flags that mend what went wrong. The rooms below know none: their words are exchanged here, where diagnostics are told.
enum FlagFixes {
    /// Words of a diagnostic's detail or fix, and those that name the flag.
    struct Wording: Hashable {
        let plain: String
        let flagged: String
    }

    /// By code.
    static let wordings: [Diagnostic.Code: Wording] = [
        "not-ours": Wording(plain: "Adopt it to", flagged: "Run again with `--adopt` to"),
        "other-owner": Wording(plain: "take it over", flagged: "run again with `--take-over`"),
        "nothing-declared": Wording(plain: "or allow it if", flagged: "or `--allow-empty` if"),
        "never-applied": Wording(plain: "or run what the file", flagged: "or use `--from-spec` to run what the file"),
        "outside-root": Wording(plain: "or allow files outside of it", flagged: "or run with `--allow-outside`"),
        "duplicate-name": Wording(plain: "use an overlay", flagged: "use `--overlay`"),
        "malformed-assignment": Wording(plain: "example, `", flagged: "example, `--var "),
        "wrong-variable-type": Wording(plain: "from the command line", flagged: "from --var"),
        "variable-not-allowed": Wording(plain: "from the command line", flagged: "from --var"),
        "missing-variable": Wording(plain: "Give it a value", flagged: "Give `--var NAME=…`"),
        "bad-label": Wording(plain: "Write `", flagged: "Write `--label "),
        "nothing-selected": Wording(
            plain: "all that is asked for", flagged: "all that `--suite`, `--case` and `--label` ask for"),
        "samples-not-written": Wording(plain: "keep the log elsewhere", flagged: "keep the log elsewhere with `--log`"),
        "another-run": Wording(plain: "Ask for that shard", flagged: "Ask for that shard with `--shard`"),
        "bad-shard": Wording(plain: "for example, `2/5`", flagged: "for example, `--shard 2/5`"),
        "unknown-report": Wording(plain: "such as `", flagged: "such as `--report "),
        "report-without-path": Wording(plain: "Write `", flagged: "Write `--report "),
        "not-published": Wording(plain: "or keep results out of MLflow", flagged: "or use `--no-publish`"),
        "traces-missing": Wording(plain: "or keep results out of MLflow", flagged: "or use `--no-publish`"),
        "trace-missing": Wording(
            plain: "stands without it.", flagged: "stands without it. Use `--no-trace` to write none."),
        "server-unreachable": Wording(plain: "in its address", flagged: "in `--url`"),
        "server-busy": Wording(plain: "with fewer requests at a time", flagged: "with a smaller `--parallelism`"),
        "too-many-open-files": Wording(
            plain: "or do less at the same time",
            flagged: "or do less at the same time (a smaller `--concurrency` or `--parallelism`)"),
        "record-of-another-server": Wording(
            plain: "accept the address.", flagged: "accept it with `drover state rebuild --same-servers`."),
        "lock-held": Wording(plain: "or wait longer.", flagged: "or wait longer with `--lock-timeout`."),
        "lock-unusable": Wording(plain: "or work without a lock where", flagged: "or use `--no-lock` where"),
        "alias-moved": Wording(
            plain: "or accept where it stands", flagged: "or accept with `--accept-alias` where it stands"),
        "another-version": Wording(plain: "Name one of these", flagged: "Name one of these with `--version`"),
        "which-version": Wording(plain: "Say which of them", flagged: "Say with `--version` which of them"),
        "no-script": Wording(plain: "or name another one", flagged: "or name another one with `--script`"),
    ]

    /// What a plan may allow, and the flag that does.
    private static let permissions = [
        ("the adoption of what has no mark", "--adopt"),
        ("taking objects over from another stack", "--take-over"),
        ("removing everything", "--allow-empty"),
        ("moving an alias that somebody else moved", "--accept-alias"),
    ]

    /// The same for every lab that does not start.
    static let lab = Wording(plain: "removing all its data starts", flagged: "`drover lab down --purge` starts")

    /// A diagnostic as the user of the command line is told it.
    static func told(_ diagnostic: Diagnostic) -> Diagnostic {
        var told = flagged(diagnostic)
        told.fix = told.fix.map { CopiedCommand.completed($0) }
        return told
    }

    /// The same for what is kept or read elsewhere, as reports are: how this run was called is nothing to them.
    static func flagged(_ diagnostic: Diagnostic) -> Diagnostic {
        var told = diagnostic
        for wording in [wordings[diagnostic.code], lab].compactMap(\.self) {
            told.detail = told.detail.replacing(wording.plain, with: wording.flagged)
            told.fix = told.fix?.replacing(wording.plain, with: wording.flagged)
        }
        switch diagnostic.code {
        case "missing-variable":
            let name = diagnostic.address?.split(separator: ".").last ?? "NAME"
            told.fix = told.fix?.replacing("`--var NAME=…`", with: "`--var \(name)=…`")
        case "malformed-assignment":
            told.detail = "`--var " + told.detail.dropFirst()
        case "wider-than-planned":
            for (permission, flag) in permissions {
                told.detail = told.detail.replacing(permission, with: "\(permission) (`\(flag)`)")
            }
        case "rolled-back":
            told.fix = told.fix?.replacing(/`, as the version ([0-9]+)/) { " --version \($0.1)`" }
        case _: break
        }
        return told
    }

    static func told(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.map { told($0) }
    }
}
