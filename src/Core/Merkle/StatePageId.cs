using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>The place of a page of 8 levels in the state tree.</summary>
/// <param name="Depth">Bits above the page: 0, 8, ... 248.</param>
/// <param name="Prefix">The first <paramref name="Depth"/> bits of every key below the page; the rest is zero.</param>
public readonly record struct StatePageId(int Depth, Digest Prefix)
{
    /// <summary>Length of the longest storage key.</summary>
    public const int KeyLengthMax = 1 + DepthMax / 8;

    private const int DepthMax = 248;

    /// <summary>The page with the root of the tree.</summary>
    public static StatePageId Root => default;

    /// <summary>
    /// The page's key in storage: one byte Depth / 8, then as many bytes of prefix. The pages of a level stand
    /// together, the few at the top first.
    /// </summary>
    public byte[] ToKey() => [(byte)(Depth / 8), .. Prefix.Span[..(Depth / 8)]];

    /// <summary>Reads what <see cref="ToKey"/> writes; anything else is refused.</summary>
    public static bool TryParseKey(ReadOnlySpan<byte> key, out StatePageId id)
    {
        id = default;
        if (key.IsEmpty || key.Length > KeyLengthMax || key[0] != key.Length - 1)
            return false;
        Span<byte> prefix = stackalloc byte[Digest.Size];
        prefix.Clear();
        key[1..].CopyTo(prefix);
        id = new StatePageId(key[0] * 8, new Digest(prefix));
        return true;
    }

    /// <summary>
    /// The page below whose keys go on with this byte. The caller sees to it that this page is not at the
    /// greatest depth.
    /// </summary>
    internal StatePageId Child(byte next)
    {
        Span<byte> prefix = stackalloc byte[Digest.Size];
        Prefix.CopyTo(prefix);
        prefix[Depth / 8] = next;
        return new StatePageId(Depth + 8, new Digest(prefix));
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Depth == 0 ? "depth 0" : $"depth {Depth}, keys {Convert.ToHexStringLower(Prefix.Span[..(Depth / 8)])}...";
}
