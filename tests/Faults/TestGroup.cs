namespace GovChain.Tests.Faults;

/// <summary>Groups of tests that a command of their own runs (docs/TESTING.md).</summary>
internal static class TestGroup
{
    /// <summary>
    /// Faults of the disk under a snapshot, a restore, a client's files and a whole process. <c>./soak storage-faults</c> runs them with the
    /// rest of this assembly; <c>./test</c> leaves them out, for its ten minutes.
    /// </summary>
    public const string StorageFaults = "StorageFaults";
}
