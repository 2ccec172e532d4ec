namespace GovChain.Consensus;

/// <summary>The <see cref="Pace"/> of each of those who are asked.</summary>
/// <remarks>Belongs to one caller at a time.</remarks>
/// <param name="halvedAfterMs">After so long a pace counts half, milliseconds.</param>
public sealed class Paces(long halvedAfterMs)
{
    private readonly Dictionary<int, Pace> _paces = [];

    /// <summary>Microseconds, less the longer ago it answered; 0 for one that was not tried yet.</summary>
    /// <param name="source">Who may be asked.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public long Of(int source, ulong nowMs) => _paces.TryGetValue(source, out Pace? pace) ? pace.At(nowMs) : 0;

    /// <summary>It took so long.</summary>
    /// <param name="source">Who was asked.</param>
    /// <param name="us">Microseconds for one.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public void Take(int source, long us, ulong nowMs)
    {
        if (!_paces.TryGetValue(source, out Pace? pace))
            _paces.Add(source, pace = new Pace(halvedAfterMs));
        pace.Take(us, nowMs);
    }
}
