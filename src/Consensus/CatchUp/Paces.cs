namespace GovChain.Consensus;

/// <summary>
/// How long each of those who are asked takes for one of what it gives, by its newest answers. The longer ago these are the less they
/// count against it: whoever seemed slow while this node's own line was cut is asked again, and one that is slow costs ever less often.
/// </summary>
/// <remarks>Belongs to one caller at a time.</remarks>
/// <param name="halvedAfterMs">After so long a pace counts half, milliseconds.</param>
public sealed class Paces(long halvedAfterMs = Paces.HalvedAfterMs)
{
    /// <summary>After so long a pace for blocks counts half, milliseconds.</summary>
    public const long HalvedAfterMs = 10_000;

    private const long NewestAnswers = 4;

    private readonly Dictionary<int, (long Us, ulong AtMs)> _paces = [];

    /// <summary>Microseconds, less the longer ago it answered; 0 for one that was not tried yet.</summary>
    /// <param name="source">Who may be asked.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public long Of(int source, ulong nowMs) => _paces.TryGetValue(source, out var pace)
        ? pace.Us * halvedAfterMs / (halvedAfterMs + (long)(nowMs - pace.AtMs)) : 0;

    /// <summary>It took so long.</summary>
    /// <param name="source">Who was asked.</param>
    /// <param name="us">Microseconds for one.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void Take(int source, long us, ulong nowMs) =>
        _paces[source] = (_paces.TryGetValue(source, out var pace) ? pace.Us + (us - pace.Us) / NewestAnswers : us, nowMs);
}
