/// An error that can tell itself to a user.
package protocol Diagnosable: Error {
    func diagnostic(address: String?) -> Diagnostic
}
