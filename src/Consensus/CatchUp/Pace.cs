namespace GovChain.Consensus;

/// <summary>
/// How long one that is asked takes for one of what it gives, by its newest answers. The longer ago these are the less they count
/// against it: whoever seemed slow while this node's own line was cut is asked again, and one that is slow costs ever less often.
/// </summary>
/// <remarks>Belongs to one caller at a time.</remarks>
/// <param name="halvedAfterMs">After so long a pace counts half, milliseconds.</param>
public sealed class Pace(long halvedAfterMs = Pace.HalvedAfterMs)
{
    /// <summary>After so long a pace for blocks counts half, milliseconds.</summary>
    public const long HalvedAfterMs = 10_000;

    private const long NewestAnswers = 4;

    private (long Us, ulong AtMs)? _newest;

    /// <summary>Microseconds, less the longer ago it answered; 0 where it was not tried yet.</summary>
    /// <param name="nowMs">A clock that does not jump.</param>
    public long At(ulong nowMs) => _newest is { } pace
        ? pace.Us * halvedAfterMs / (halvedAfterMs + (long)(nowMs - pace.AtMs)) : 0;

    /// <summary>It took so long.</summary>
    /// <param name="us">Microseconds for one.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void Take(long us, ulong nowMs) =>
        _newest = (_newest is { } pace ? pace.Us + (us - pace.Us) / NewestAnswers : us, nowMs);
}
