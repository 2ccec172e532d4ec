using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Hashing;

/// <summary>The ways in which many messages are hashed; all give the same answers.</summary>
public enum HashPath
{
    /// <summary>One at a time, by the platform.</summary>
    Platform = 0,

    /// <summary>Eight at a time, with AVX2.</summary>
    Avx2 = 1,

    /// <summary>Sixteen at a time, with AVX-512F and AVX-512BW.</summary>
    Avx512 = 2,
}

/// <summary>
/// SHA-256 of many independent messages: several at once where the processor has the vectors for it, by the platform where that
/// is faster: for few, for long ones, and on other processors.
/// </summary>
/// <remarks>Public data only: the time taken depends on lengths alone. Safe from any thread.</remarks>
public static class Sha256Batch
{
    private const int TestMessages = 40;

    private static readonly (HashPath Best, HashPath[] Unsound) Chosen = Choose(IsSound);

    /// <summary>
    /// The fastest path here that agrees with the platform's hash: one that does not, on whatever processor or runtime, is
    /// left out.
    /// </summary>
    public static HashPath Best { get; } = Chosen.Best;

    /// <summary>Paths that the processor has and that do not agree with the platform's hash: a sign of faulty hardware.</summary>
    public static IReadOnlyList<HashPath> Unsound => Chosen.Unsound;

    /// <summary>Whether this processor has what the path needs.</summary>
    public static bool IsSupported(HashPath path) => path switch
    {
        HashPath.Platform => true,
        HashPath.Avx2 => Avx2.IsSupported,
        HashPath.Avx512 => Avx512F.IsSupported && Avx512BW.IsSupported,
        _ => false,
    };

    /// <summary>The last path that is sound, and those that are supported and are not.</summary>
    internal static (HashPath Best, HashPath[] Unsound) Choose(Func<HashPath, bool> isSound)
    {
        ILookup<bool, HashPath> supported = Enum.GetValues<HashPath>().Where(IsSupported).ToLookup(isSound);
        return (supported[true].Last(), [.. supported[false]]);
    }

    /// <summary>Whether the processor has the path, and it hashes messages of one to five blocks, and their pairs, as the platform does.</summary>
    internal static bool IsSound(HashPath path)
    {
        if (!IsSupported(path))
            return false;
        var messages = new ReadOnlyMemory<byte>[TestMessages];
        for (int i = 0; i < messages.Length; i++)
            messages[i] = Enumerable.Range(0, i * 8 % 300).Select(b => (byte)(i + 7 * b)).ToArray();
        Digest[] expected = new Digest[TestMessages], found = new Digest[TestMessages];
        Hash(HashPath.Platform, [0], messages, expected);
        Hash(path, [0], messages, found);
        if (!found.AsSpan().SequenceEqual(expected))
            return false;
        HashNodes(HashPath.Platform, 1, expected, expected);
        HashNodes(path, 1, found, found);
        return found.AsSpan().SequenceEqual(expected);
    }

    /// <summary>
    /// Hashes neighbours pairwise: parents[i] = SHA-256(prefix | children[2i] | children[2i+1]); an odd last child is left
    /// alone. The parents may take the children's place, from children[0] or children[1] onwards.
    /// </summary>
    public static void HashNodes(byte prefix, ReadOnlySpan<Digest> children, Span<Digest> parents) =>
        HashNodes(Best, prefix, children, parents);

    /// <summary>digests[i] = SHA-256(tag | messages[i]), nothing in between.</summary>
    /// <exception cref="ArgumentException">There are fewer digests than messages.</exception>
    public static void Hash(ReadOnlySpan<byte> tag, ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Digest> digests) =>
        Hash(Best, tag, messages, digests);

    /// <summary>The same on a path of the caller's choice, which the processor must have.</summary>
    public static void HashNodes(HashPath path, byte prefix, ReadOnlySpan<Digest> children, Span<Digest> parents)
    {
        int done = path switch
        {
            HashPath.Avx512 => LaneHash<Vector512<uint>, HashLanes512>.Nodes(prefix, children, parents),
            HashPath.Avx2 => LaneHash<Vector256<uint>, HashLanes256>.Nodes(prefix, children, parents),
            _ => 0,
        };
        for (int i = done; 2 * i + 1 < children.Length; i++)
            parents[i] = Sha256.HashNode(prefix, children[2 * i], children[2 * i + 1]);
    }

    /// <summary>The same on a path of the caller's choice, which the processor must have.</summary>
    /// <exception cref="ArgumentException">There are fewer digests than messages.</exception>
    public static void Hash(
        HashPath path, ReadOnlySpan<byte> tag, ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Digest> digests)
    {
        if (digests.Length < messages.Length)
            throw new ArgumentException($"{messages.Length} messages need as many digests, not {digests.Length}.", nameof(digests));
        switch (path)
        {
            case HashPath.Avx512:
                LaneHash<Vector512<uint>, HashLanes512>.Messages(tag, messages, digests);
                break;
            case HashPath.Avx2:
                LaneHash<Vector256<uint>, HashLanes256>.Messages(tag, messages, digests);
                break;
            default:
                for (int i = 0; i < messages.Length; i++)
                    digests[i] = Sha256.Hash(tag, messages[i].Span);
                break;
        }
    }
}
