namespace GovChain.Tests.Unit.Node;

/// <summary>The system's clock, ahead by as much as a test says; the monotonic one is as it is.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Ahead;
}
