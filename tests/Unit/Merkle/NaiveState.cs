using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Tests.Merkle;

/// <summary>
/// The dumb twin of the state tree: its definition, recursively over a sorted list, sharing no code with the product.
/// </summary>
internal static class NaiveState
{
    /// <summary>Root of the subtree at a depth over all these leaves.</summary>
    public static Digest Root(IReadOnlyList<(Digest Key, Digest Value)> leaves, int depth = 0) => leaves.Count switch
    {
        0 => Digest.Zero,
        1 => Hash([0x10, .. leaves[0].Key.Span, .. leaves[0].Value.Span]),
        _ => Hash([
            0x11,
            .. Root(Side(leaves, depth, 0), depth + 1).Span,
            .. Root(Side(leaves, depth, 1), depth + 1).Span]),
    };

    /// <summary>The siblings on the way to a key, from the root downwards.</summary>
    public static List<Digest> Siblings(IReadOnlyList<(Digest Key, Digest Value)> leaves, Digest key)
    {
        var siblings = new List<Digest>();
        for (int depth = 0; leaves.Count > 1; depth++)
        {
            siblings.Add(Root(Side(leaves, depth, 1 - Bit(key, depth)), depth + 1));
            leaves = Side(leaves, depth, Bit(key, depth));
        }
        return siblings;
    }

    /// <summary>A digest of which every byte depends on the number.</summary>
    public static Digest Random(int number) => Hash(BitConverter.GetBytes(number));

    /// <summary>
    /// Random keys of which most share a long random prefix, of any number of bits up to 255, with an earlier one.
    /// </summary>
    public static List<Digest> CloseKeys(Random random, int count)
    {
        var keys = new List<Digest>();
        while (keys.Count < count)
        {
            byte[] key = new byte[Digest.Size];
            random.NextBytes(key);
            if (keys.Count > 0 && random.Next(4) != 0)
            {
                int shared = random.Next(256);
                byte[] other = keys[random.Next(keys.Count)].ToArray();
                for (int bit = 0; bit <= shared; bit++)
                {
                    int mask = 0x80 >> bit % 8;
                    int wanted = bit == shared ? ~other[bit / 8] & mask : other[bit / 8] & mask;
                    key[bit / 8] = (byte)((key[bit / 8] & ~mask) | wanted);
                }
            }
            if (!keys.Contains(new Digest(key)))
                keys.Add(new Digest(key));
        }
        return keys;
    }

    /// <summary>Sorted leaves with values derived from a number.</summary>
    public static List<(Digest Key, Digest Value)> Leaves(IEnumerable<Digest> keys, int salt = 0) =>
        [.. keys.Order().Select((key, i) => (key, Random(salt + i)))];

    private static List<(Digest Key, Digest Value)> Side(
        IReadOnlyList<(Digest Key, Digest Value)> leaves, int depth, int bit) =>
        [.. leaves.Where(leaf => Bit(leaf.Key, depth) == bit)];

    private static int Bit(Digest key, int index) => key.ToArray()[index / 8] >> (7 - index % 8) & 1;

    private static Digest Hash(byte[] message) => new(SHA256.HashData(message));
}

/// <summary>Pages in memory; counts how often each is read.</summary>
internal sealed class MemoryPages(StatePageCache? cache = null) : IStatePageReader
{
    public StatePageCache? Cache => cache;

    public Dictionary<StatePageId, byte[]> Pages { get; } = [];

    public Dictionary<StatePageId, int> Reads { get; } = [];

    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id)
    {
        Reads[id] = Reads.GetValueOrDefault(id) + 1;
        return Pages.TryGetValue(id, out byte[]? bytes) ? bytes : (ReadOnlyMemory<byte>?)null;
    }

    /// <summary>Updates and stores.</summary>
    public Digest Update(Digest root, IReadOnlyList<(Digest Key, Digest Value)> changes)
    {
        StateUpdate update = StateTree.Update(this, root, changes);
        foreach ((StatePageId id, byte[] bytes) in update.ChangedPages)
            Pages[id] = bytes;
        return update.NewRoot;
    }
}
