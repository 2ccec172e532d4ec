namespace GovChain.Consensus;

/// <summary>How long each of those who are asked takes for one of what it gives, by its newest answers.</summary>
/// <remarks>Belongs to one caller at a time.</remarks>
public sealed class Paces
{
    private const long NewestAnswers = 4;

    private readonly Dictionary<int, long> _us = [];

    /// <summary>Microseconds; 0 for one that was not tried yet.</summary>
    public long Of(int source) => _us.GetValueOrDefault(source);

    /// <summary>It took so long.</summary>
    /// <param name="source">Who was asked.</param>
    /// <param name="us">Microseconds for one.</param>
    public void Take(int source, long us) =>
        _us[source] = _us.TryGetValue(source, out long pace) ? pace + (us - pace) / NewestAnswers : us;
}
