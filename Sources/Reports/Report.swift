/// A format that a run can be written in.
///
/// A conformer is a folder here, named after its format, and one line in `All.swift`.
package protocol Report: Sendable {
    /// What `--report FORMAT=PATH` calls it.
    static var format: String { get }

    init()

    /// The whole report; equal runs give equal text.
    func render(_ run: Run) -> String
}
