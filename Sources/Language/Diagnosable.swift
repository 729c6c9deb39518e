/// An error that can be shown to a user as a diagnostic.
package protocol Diagnosable: Error {
    func diagnostic(address: String?) -> Diagnostic
}
