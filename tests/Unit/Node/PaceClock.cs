namespace GovChain.Tests.Unit.Node;

/// <summary>Answers take no time but a slow department's, so that who is asked first does not hang on the machine.</summary>
internal sealed class PaceClock : TimeProvider
{
    public long Us { get; set; }

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => Us;
}
