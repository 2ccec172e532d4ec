namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// The tables of the signers seen lately, bounded: where a new one has no place, the one asked for longest ago leaves.
/// </summary>
/// <remarks>
/// A signer is given a table when it is enrolled or has come up often enough to be worth one, which costs about
/// as much as <see cref="SightingsMin"/> verifications without a table save. What is kept follows from the order of calls alone. Not safe
/// from several threads: the owner locks.
/// </remarks>
internal sealed class SignerTables(int tablesMax, IEqualityComparer<PublicKey> keys)
{
    /// <summary>Signatures after which a signer gets a table unasked.</summary>
    public const int SightingsMin = 16;

    private readonly Dictionary<PublicKey, LinkedListNode<Entry>> _entries = new(keys);
    private readonly LinkedList<Entry> _byUse = [];

    // Counts of signers without a table; all are halved where there are too many, so that a crowd of strangers leaves those that
    // come again and again in front.
    private readonly Dictionary<PublicKey, int> _sightings = new(keys);

    /// <summary>Tables held now.</summary>
    public int Count => _entries.Count;

    /// <summary>The signer's table, which counts as used now; null if there is none.</summary>
    public CombTable? Find(PublicKey signer)
    {
        if (!_entries.TryGetValue(signer, out LinkedListNode<Entry>? node))
            return null;
        if (node != _byUse.First)
        {
            _byUse.Remove(node);
            _byUse.AddFirst(node);
        }
        return node.Value.Table;
    }

    /// <summary>Counts a signature of a signer without a table: true once it is worth one, and from then on until it has one.</summary>
    public bool Sighted(PublicKey signer)
    {
        int count = Math.Min(_sightings.GetValueOrDefault(signer) + 1, SightingsMin);
        while (_sightings.Count >= 4 * tablesMax && count == 1)
            HalveSightings();
        _sightings[signer] = count;
        return count == SightingsMin;
    }

    private void HalveSightings()
    {
        foreach ((PublicKey signer, int count) in _sightings)
        {
            if (count == 1)
                _sightings.Remove(signer); // allowed while it is read
            else
                _sightings[signer] = count / 2;
        }
    }

    /// <summary>Takes a signer's table in; without effect if it is there.</summary>
    public void Add(PublicKey signer, CombTable table)
    {
        if (_entries.ContainsKey(signer))
            return;
        _sightings.Remove(signer);
        if (_entries.Count >= tablesMax)
        {
            _entries.Remove(_byUse.Last!.Value.Signer);
            _byUse.RemoveLast();
        }
        _entries.Add(signer, _byUse.AddFirst(new Entry(signer, table)));
    }

    private sealed record Entry(PublicKey Signer, CombTable Table);
}
