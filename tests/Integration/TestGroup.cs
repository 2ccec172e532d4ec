namespace GovChain.Tests.Integration;

/// <summary>Groups of tests that a command of their own runs (docs/TESTING.md).</summary>
internal static class TestGroup
{
    /// <summary>
    /// Nodes that come to a ledger without being level with it: empty, wiped, put back, newly admitted or with another key.
    /// <c>./soak joining</c> runs them; <c>./test</c> leaves them out, for its ten minutes.
    /// </summary>
    public const string Joining = "Joining";

    /// <summary>
    /// What operators meet and do: damage and its repair, backups of a node at work, full and read-only disks, keys in tokens, the
    /// client packages. <c>./soak operating</c> runs them; <c>./test</c> leaves them out, for the same reason.
    /// </summary>
    public const string Operating = "Operating";

    /// <summary>Real registers imported side by side, and a department that floods the others: <c>./soak load</c>, likewise.</summary>
    public const string Load = "Load";

    /// <summary><c>./soak kill-rounds</c>.</summary>
    public const string KillRounds = "KillRounds";
}
