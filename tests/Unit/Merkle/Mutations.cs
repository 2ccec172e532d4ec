using GovChain.Core.Cryptography;

namespace GovChain.Tests.Merkle;

/// <summary>Everything one step away from something valid.</summary>
internal static class Mutations
{
    /// <summary>Each of the 256 digests that differ in one bit.</summary>
    public static IEnumerable<Digest> OfDigest(Digest digest)
    {
        for (int bit = 0; bit < 256; bit++)
        {
            byte[] bytes = digest.ToArray();
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            yield return new Digest(bytes);
        }
    }

    /// <summary>
    /// Each bit of each hash flipped; each hash dropped, doubled, swapped with the next; each place filled.
    /// </summary>
    public static IEnumerable<Digest[]> OfPath(Digest[] path)
    {
        for (int i = 0; i < path.Length; i++)
        {
            foreach (Digest other in OfDigest(path[i]))
                yield return [.. path[..i], other, .. path[(i + 1)..]];
            yield return [.. path[..i], .. path[(i + 1)..]];
            yield return [.. path[..i], path[i], .. path[i..]];
            if (i + 1 < path.Length && path[i] != path[i + 1])
                yield return [.. path[..i], path[i + 1], path[i], .. path[(i + 2)..]];
        }
        for (int i = 0; i <= path.Length; i++)
            yield return [.. path[..i], Digest.Zero, .. path[i..]];
    }
}
