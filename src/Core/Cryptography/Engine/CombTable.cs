using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Precomputed sums of one point's multiples by powers of two, so that a multiple of the point costs additions and, with
/// the seven doublings that both bases share, nothing else.
/// </summary>
/// <remarks>
/// <para>
/// A comb of spacing 8 (Lim and Lee, CRYPTO '94) over digits +1 and -1: tooth i of block b stands at bit
/// 8 (b * teeth + i). Entry v of a block is B[top] + sum over the lower teeth of +B[i] where bit i of v is set, else
/// -B[i], with B[i] the point times 2 to the tooth's bit. The other half of the sums are their negations.
/// </para>
/// <para>
/// No entry is infinity and no addition while building is exceptional: all are multiples by nonzero sums of distinct
/// signed powers of two below 2^256, and neither such a sum nor the difference of two is a multiple of n. For that the
/// point must have order n. Immutable, safe from any thread.
/// </para>
/// </remarks>
internal sealed class CombTable
{
    /// <summary>Bits between a block's teeth: so many columns, and doublings less one, has a multiplication.</summary>
    public const int Spacing = 8;

    /// <summary>Words of an entry: x then y, four words each, the least significant first, both below p.</summary>
    public const int EntryWords = 8;

    /// <summary>For a signer: 4 blocks of 8 teeth, 512 entries, 32 KiB, 32 additions.</summary>
    public const int SignerTeeth = 8, SignerBlocks = 4;

    /// <summary>For the generator: 3 blocks of 11 teeth, 3,072 entries, 192 KiB, 24 additions.</summary>
    public const int GeneratorTeeth = 11, GeneratorBlocks = 3;

    /// <summary>Memory of a signer's table, bytes.</summary>
    public const int SignerBytes = SignerBlocks * (1 << (SignerTeeth - 1)) * EntryWords * sizeof(ulong);

    private readonly ulong[] _words;

    private CombTable(ulong[] words) => _words = words;

    /// <summary>The generator's table, built when first used.</summary>
    public static CombTable Generator { get; } = Build(AffinePoint.Generator, GeneratorTeeth, GeneratorBlocks);

    /// <summary>A signer's table: about 10,000 field products.</summary>
    public static CombTable ForSigner(PublicKey key) => Build(AffinePoint.Of(key), SignerTeeth, SignerBlocks);

    /// <summary>Builds the table of a point of order n.</summary>
    public static CombTable Build(in AffinePoint point, int teeth, int blocks)
    {
        // B and 2B for every tooth: stepping an entry from -B to +B adds 2B.
        int count = teeth * blocks;
        var multiples = new CurvePoint[2 * count];
        CurvePoint power = new(point);
        for (int i = 0; i < count; i++)
        {
            multiples[2 * i] = power;
            power = power.Double();
            multiples[2 * i + 1] = power;
            for (int d = 1; d < Spacing; d++)
                power = power.Double();
        }
        var bases = new AffinePoint[multiples.Length];
        CurvePoint.Normalise(multiples, bases);

        int half = 1 << (teeth - 1);
        var sums = new CurvePoint[half];
        var entries = new AffinePoint[half];
        ulong[] words = new ulong[blocks * half * EntryWords];
        for (int b = 0; b < blocks; b++)
        {
            ReadOnlySpan<AffinePoint> own = bases.AsSpan(2 * b * teeth, 2 * teeth);
            CurvePoint lowest = new(own[2 * (teeth - 1)]);
            for (int i = 0; i < teeth - 1; i++)
                lowest = lowest.Add(new AffinePoint(own[2 * i].X, own[2 * i].Y.Negate(1)));
            sums[0] = lowest;
            for (int i = 0; i < teeth - 1; i++)
            {
                for (int v = 0; v < 1 << i; v++)
                    sums[v + (1 << i)] = sums[v].Add(own[2 * i + 1]);
            }
            CurvePoint.Normalise(sums, entries);
            for (int v = 0; v < half; v++)
                Write(entries[v], words.AsSpan((b * half + v) * EntryWords, EntryWords));
        }
        return new CombTable(words);
    }

    /// <summary>The point of an entry of <see cref="CombDigits"/>.</summary>
    public AffinePoint PointOf(uint code)
    {
        ReadOnlySpan<ulong> entry = _words.AsSpan((int)(code >> 1) * EntryWords, EntryWords);
        FieldElement x = FieldElement.From(new(entry[0], entry[1], entry[2], entry[3]));
        FieldElement y = FieldElement.From(new(entry[4], entry[5], entry[6], entry[7]));
        return new AffinePoint(x, (code & 1) == 0 ? y : y.Negate(1));
    }

    /// <summary>The first word of an entry of <see cref="CombDigits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong EntryOf(uint code)
    {
        Debug.Assert((code >> 1) * EntryWords < _words.Length, "the code is of another comb");
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_words), (nuint)(code >> 1) * EntryWords);
    }

    private static void Write(in AffinePoint point, Span<ulong> words)
    {
        Words256 x = point.X.ToWords(), y = point.Y.ToWords();
        (words[0], words[1], words[2], words[3]) = (x.W0, x.W1, x.W2, x.W3);
        (words[4], words[5], words[6], words[7]) = (y.W0, y.W1, y.W2, y.W3);
    }
}
