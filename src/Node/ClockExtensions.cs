namespace GovChain.Node;

/// <summary>The wall clock in the ledger's unit.</summary>
internal static class ClockExtensions
{
    /// <summary>UTC milliseconds.</summary>
    public static ulong NowMs(this TimeProvider time) => (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Milliseconds of the monotonic clock, from an arbitrary beginning.</summary>
    public static ulong MonotonicMs(this TimeProvider time) =>
        (ulong)(time.GetTimestamp() / (time.TimestampFrequency / 1000));
}
