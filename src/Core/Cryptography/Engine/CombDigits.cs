using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Which entries of the two combs sum up to u1 G + u2 Q, column by column.</summary>
/// <remarks>
/// <para>
/// A scalar u is written with digits +1 and -1 only: u = sum of (2 d[i] - 1) 2^i over L bits, where d is the binary form
/// of (u + 2^L - 1) / 2 modulo n. So no digit is zero and no addition is skipped. Callers give u / 2, which saves a
/// halving; half of 2^L - 1 is added here.
/// </para>
/// <para>
/// As the teeth are 8 bits apart, bit j of the bytes of d is what column j looks up: a transposition of 8 by 8 bits turns
/// eight bytes of d into eight bytes of columns.
/// </para>
/// <para>
/// A code is an entry's index in its table, shifted left by one; the lowest bit asks for the entry's negation. Codes of
/// several signatures stand side by side: a stride apart are those of one signature.
/// </para>
/// </remarks>
internal static class CombDigits
{
    /// <summary>Entries that one column adds: first the signer's, then the generator's.</summary>
    public const int PerColumn = CombTable.SignerBlocks + CombTable.GeneratorBlocks;

    /// <summary>Codes of one signature; those of column j begin at place j * <see cref="PerColumn"/>.</summary>
    public const int Count = CombTable.Spacing * PerColumn;

    // (2^256 - 1) / 2 and (2^264 - 1) / 2 modulo n.
    private static readonly Scalar HalfOnes256 = Scalar.From(new(0x2016D0B997E4DF5F, 0xA2A8918CA85BAFE2, 0, 0));
    private static readonly Scalar HalfOnes264 =
        Scalar.From(new(0xF6B9E8DE4CFA8020, 0x05E8FB1BB354323D, 0xA2, 0x8000000000000000));

    /// <summary>Writes the signer's codes for u2, from the first place on.</summary>
    public static void WriteSigner(in Scalar halfOfU2, Span<uint> codes, int stride)
    {
        Words256 d = (halfOfU2 + HalfOnes256).ToWords();
        WriteBlock(Transpose(d.W0), 0, codes, stride);
        WriteBlock(Transpose(d.W1), 1, codes, stride);
        WriteBlock(Transpose(d.W2), 2, codes, stride);
        WriteBlock(Transpose(d.W3), 3, codes, stride);
    }

    /// <summary>Writes the generator's codes for u1, from the first place on.</summary>
    public static void WriteGenerator(in Scalar halfOfU1, Span<uint> codes, int stride)
    {
        // 33 bytes, the last of which is zero, as d is below n.
        Words256 d = (halfOfU1 + HalfOnes264).ToWords();
        ulong t0 = Transpose(d.W0), t1 = Transpose(d.W1), t2 = Transpose(d.W2), t3 = Transpose(d.W3);
        for (int j = 0; j < CombTable.Spacing; j++)
        {
            int shift = 8 * j;
            uint bits = (uint)(((t0 >> shift) & 0xFF) | (((t1 >> shift) & 0xFF) << 8)
                | (((t2 >> shift) & 0xFF) << 16) | (((t3 >> shift) & 0xFF) << 24));
            const int teeth = CombTable.GeneratorTeeth;
            int place = j * PerColumn + CombTable.SignerBlocks;
            codes[place * stride] = CodeOf(bits & 0x7FF, 0, teeth);
            codes[(place + 1) * stride] = CodeOf((bits >> teeth) & 0x7FF, 1, teeth);
            codes[(place + 2) * stride] = CodeOf(bits >> (2 * teeth), 2, teeth);
        }
    }

    private static void WriteBlock(ulong columns, int block, Span<uint> codes, int stride)
    {
        for (int j = 0; j < CombTable.Spacing; j++)
            codes[(j * PerColumn + block) * stride] = CodeOf((uint)(columns >> (8 * j)) & 0xFF, block, CombTable.SignerTeeth);
    }

    // The top tooth's digit is the sign: without it the entry of the complement is negated.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint CodeOf(uint digits, int block, int teeth)
    {
        uint half = 1u << (teeth - 1);
        uint negative = ((digits >> (teeth - 1)) & 1) ^ 1;
        uint entry = (digits ^ (0 - negative)) & (half - 1);
        return (((uint)block * half + entry) << 1) | negative;
    }

    /// <summary>Byte j of the result holds bit j of each byte, the lowest byte's at the bottom.</summary>
    internal static ulong Transpose(ulong x)
    {
        ulong t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AA;
        x = x ^ t ^ (t << 7);
        t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCC;
        x = x ^ t ^ (t << 14);
        t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0;
        return x ^ t ^ (t << 28);
    }
}
