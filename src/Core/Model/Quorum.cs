namespace GovChain.Core.Model;

/// <summary>
/// Quorum arithmetic for n validators: never 2f+1, which is too small when n is not 3f+1. For every n two quorums
/// share more than f validators, and the honest ones alone form a quorum.
/// </summary>
public static class Quorum
{
    /// <summary>f = floor((n - 1) / 3): how many validators may be hostile.</summary>
    public static int Faulty(int n) => (n - 1) / 3;

    /// <summary>Q = ceil((n + f + 1) / 2): votes that make a certificate.</summary>
    public static int Size(int n) => (n + Faulty(n) + 2) / 2;

    /// <summary>f + 1: votes of which at least one is honest.</summary>
    public static int Weak(int n) => Faulty(n) + 1;
}
