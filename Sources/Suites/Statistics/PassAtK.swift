/// What `k` samples of a case come to, estimated without bias from more.
package enum PassAtK {
    /// pass@k: the chance that at least one of `k` samples passes, 1 − C(n − c, k)/C(n, k) with `c` of `n` passed
    /// (M. Chen et al., arXiv:2107.03374). Nil with fewer than `k` samples.
    package static func any(_ k: Int, passed: Int, of samples: Int) -> Double? {
        all(k, passed: samples - passed, of: samples).map { 1 - $0 }
    }

    /// pass^k: the chance that all of `k` samples pass, C(c, k)/C(n, k) with `c` of `n` passed (S. Yao et al.,
    /// arXiv:2406.12045). Nil with fewer than `k` samples.
    package static func all(_ k: Int, passed: Int, of samples: Int) -> Double? {
        guard k >= 1, k <= samples, (0...samples).contains(passed) else { return nil }
        guard k <= passed else { return 0 }
        return (0..<k).reduce(1) { $0 * Double(passed - $1) / Double(samples - $1) }
    }
}
