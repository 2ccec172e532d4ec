using GovChain.Core.Cryptography;

namespace GovChain.Rpc;

/// <summary>What became of a token that is used.</summary>
internal enum TokenUse
{
    /// <summary>For the first time.</summary>
    First,

    /// <summary>It was used before.</summary>
    Again,

    /// <summary>Whether it was is not known any more: the clock went back since.</summary>
    Forgotten,

    /// <summary>There is no room to remember it.</summary>
    NoRoom,
}

/// <summary>
/// The tokens that were used and would still count. One is forgotten when it counts no more, so that as many are held as come in
/// their lifetime; of one key an eighth at most, so that no officer takes the others' room.
/// </summary>
/// <remarks>Safe from any thread.</remarks>
/// <param name="countMax">How many are remembered: 65,536 of some 150 bytes are 10 MB, 700 a second for 90 s.</param>
internal sealed class TokenMemory(int countMax = 65_536)
{
    private const int KeysShare = 8;

    private readonly Lock _gate = new();
    private readonly HashSet<Digest> _used = [];
    private readonly Dictionary<string, int> _ofKey = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(Digest Id, string Key), ulong> _byEnd = new();
    private ulong _sweptMs;

    /// <summary>Uses a token.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="key">The key that signed it, as text.</param>
    /// <param name="endsAtMs">From when on it does not count.</param>
    /// <param name="nowMs">The clock, UTC milliseconds.</param>
    public TokenUse Use(Digest id, string key, ulong endsAtMs, ulong nowMs)
    {
        lock (_gate)
        {
            Sweep(nowMs);
            if (_used.Contains(id))
                return TokenUse.Again;
            if (endsAtMs <= _sweptMs)
                return TokenUse.Forgotten;
            int ofKey = _ofKey.GetValueOrDefault(key);
            if (_used.Count >= countMax || ofKey >= countMax / KeysShare)
                return TokenUse.NoRoom;
            _used.Add(id);
            _ofKey[key] = ofKey + 1;
            _byEnd.Enqueue((id, key), endsAtMs);
            return TokenUse.First;
        }
    }

    private void Sweep(ulong nowMs)
    {
        _sweptMs = Math.Max(_sweptMs, nowMs);
        while (_byEnd.TryPeek(out (Digest Id, string Key) oldest, out ulong endsAtMs) && endsAtMs <= _sweptMs)
        {
            _byEnd.Dequeue();
            _used.Remove(oldest.Id);
            if (--_ofKey[oldest.Key] == 0)
                _ofKey.Remove(oldest.Key);
        }
    }
}
