namespace GovChain.Tests.Unit.Rpc;

/// <summary>It is always the same time; only what has elapsed moves, when the test says so.</summary>
internal sealed class StandingClock(ulong utcMs) : TimeProvider
{
    public long ElapsedMs { get; set; }

    public override long TimestampFrequency => 1_000;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds((long)utcMs);

    public override long GetTimestamp() => ElapsedMs;
}
