using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// A scalar as k = k1 + k2 lambda modulo n with k1 and k2 odd and below 2^130 in magnitude, each in 33 signed odd digits
/// of base 16. Multiplication by lambda is (x, y) -> (beta x, y), so two short multiplications share their doublings.
/// </summary>
/// <remarks>
/// <para>
/// Gallant, Lambert, Vanstone, CRYPTO 2001. With the short vectors (a1, b1) and (a2, b2) of the lattice of pairs with
/// a + b lambda = 0 modulo n, k1 = k - c1 a1 - c2 a2 and k2 = -c1 b1 - c2 b2, c1 and c2 being k b2 / n and -k b1 / n,
/// rounded; any c1 and c2 give a correct pair, near ones a short one. As k1 and k2 are short, arithmetic modulo 2^192
/// finds them.
/// </para>
/// <para>
/// Parity: a1, b1 and b2 are odd, a2 is even. So adding the first vector where k1 is even, then the second where k2 is,
/// makes both odd: no digit is zero, no addition is skipped. The bound: |k1| is at most (|a1| + |a2|) / 2 + 1 before,
/// |k2| at most (|b1| + |b2|) / 2 + 1, and 1.5 times the sums, below 2^130, after.
/// </para>
/// </remarks>
internal static class SplitScalar
{
    /// <summary>Digits of each half: 33 * 4 = 132 bits.</summary>
    public const int Digits = 33;

    /// <summary>Bits of a digit, doublings between two.</summary>
    public const int DigitBits = 4;

    /// <summary>Different absolute values of a digit: the point's multiples by 1, 3, ..., 15.</summary>
    public const int Multiples = 8;

    // a1 = b2; b1 is negative. The third words are those of 192-bit numbers.
    private const ulong A1Low = 0xE86C90E49284EB15, A1High = 0x3086D221A7D46BCD;
    private const ulong NegatedB1Low = 0x6F547FA90ABFE4C3, NegatedB1High = 0xE4437ED6010E8828;
    private const ulong A2Low = 0x57C1108D9D44CFD8, A2Middle = 0x14CA50F7A8E2F3F6, A2High = 1;

    // b2 and -b1 times 2^384 / n, rounded.
    private static readonly Words256 C1Factor =
        new(0xE893209A45DBB031, 0x3DAA8A1471E8CA7F, 0xE86C90E49284EB15, 0x3086D221A7D46BCD);
    private static readonly Words256 C2Factor =
        new(0x1571B4AE8AC47F71, 0x221208AC9DF506C6, 0x6F547FA90ABFE4C4, 0xE4437ED6010E8828);

    /// <summary>beta, a cube root of one modulo p.</summary>
    public static FieldElement Beta => FieldElement.From(
        new(0xC1396C28719501EE, 0x9CF0497512F58995, 0x6E64479EAC3434E9, 0x7AE96A2B657C0710));

    /// <summary>
    /// Writes the digits, the least significant first: those of k1 to the even places, those of k2 to the odd ones. A
    /// digit is the index of the odd multiple, shifted left by one; the lowest bit asks for its negation.
    /// </summary>
    /// <param name="k">In [0, n - 1].</param>
    /// <param name="codes">2 * <see cref="Digits"/> places, a stride apart.</param>
    /// <param name="stride">Between two places.</param>
    public static void Write(in Words256 k, Span<uint> codes, int stride)
    {
        UInt128 c1 = Rounded(k, C1Factor), c2 = Rounded(k, C2Factor);
        UInt128 a1 = new(A1High, A1Low), negatedB1 = new(NegatedB1High, NegatedB1Low);
        Words192 k1 = new Words192(k.W0, k.W1, k.W2) - Times(c1, a1, 0) - Times(c2, new(A2Middle, A2Low), A2High);
        Words192 k2 = Times(c1, negatedB1, 0) - Times(c2, a1, 0);
        if ((k1.W0 & 1) == 0)
        {
            k1 += new Words192(A1Low, A1High, 0);
            k2 -= new Words192(NegatedB1Low, NegatedB1High, 0);
        }
        if ((k2.W0 & 1) == 0)
        {
            k1 += new Words192(A2Low, A2Middle, A2High);
            k2 += new Words192(A1Low, A1High, 0);
        }
        WriteDigits(k1, codes, stride);
        WriteDigits(k2, codes[stride..], stride);
    }

    // As in CombDigits: d = (k + 2^132 - 1) / 2 has the digits +1 and -1 of k as its bits; four of them, g, make the digit
    // 2 g - 15.
    private static void WriteDigits(in Words192 k, Span<uint> codes, int stride)
    {
        Words192 d = (k + new Words192(ulong.MaxValue, ulong.MaxValue, 15)).Half();
        for (int i = 0; i < Digits; i++)
        {
            uint g = (uint)((i < 16 ? d.W0 >> (4 * i) : i < 32 ? d.W1 >> (4 * i - 64) : d.W2) & 15);
            codes[2 * i * stride] = g >= 8 ? (g - 8) << 1 : ((7 - g) << 1) | 1;
        }
    }

    // (k * factor + 2^383) / 2^384; below 2^128.
    private static UInt128 Rounded(in Words256 k, in Words256 factor)
    {
        Span<ulong> a = [k.W0, k.W1, k.W2, k.W3];
        Span<ulong> b = [factor.W0, factor.W1, factor.W2, factor.W3];
        Span<ulong> product = stackalloc ulong[8];
        product.Clear();
        for (int i = 0; i < 4; i++)
        {
            ulong carry = 0;
            for (int j = 0; j < 4; j++)
            {
                ulong high = Math.BigMul(a[i], b[j], out ulong low);
                UInt128 sum = new UInt128(high, low) + product[i + j] + carry;
                product[i + j] = (ulong)sum;
                carry = (ulong)(sum >> 64);
            }
            product[i + 4] = carry;
        }
        return new UInt128(product[7], product[6]) + (product[5] >> 63);
    }

    // The product modulo 2^192 of a and b + 2^128 bHigh.
    private static Words192 Times(UInt128 a, UInt128 b, ulong bHigh)
    {
        ulong a0 = (ulong)a, a1 = (ulong)(a >> 64), b0 = (ulong)b, b1 = (ulong)(b >> 64);
        ulong h00 = Math.BigMul(a0, b0, out ulong l00);
        UInt128 middle = (UInt128)h00 + Wide(a0, b1, out ulong h01) + Wide(a1, b0, out ulong h10);
        ulong high = (ulong)(middle >> 64) + h01 + h10 + a1 * b1 + a0 * bHigh;
        return new Words192(l00, (ulong)middle, high);
    }

    private static ulong Wide(ulong a, ulong b, out ulong high)
    {
        high = Math.BigMul(a, b, out ulong low);
        return low;
    }

    /// <summary>A number modulo 2^192, in two's complement where it is negative.</summary>
    private readonly record struct Words192(ulong W0, ulong W1, ulong W2)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Words192 operator +(in Words192 a, in Words192 b)
        {
            UInt128 low = new UInt128(a.W1, a.W0) + new UInt128(b.W1, b.W0);
            ulong carry = low < new UInt128(b.W1, b.W0) ? 1UL : 0;
            return new((ulong)low, (ulong)(low >> 64), a.W2 + b.W2 + carry);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Words192 operator -(in Words192 a, in Words192 b)
        {
            UInt128 from = new(a.W1, a.W0), taken = new(b.W1, b.W0), low = from - taken;
            return new((ulong)low, (ulong)(low >> 64), a.W2 - b.W2 - (from < taken ? 1UL : 0));
        }

        /// <summary>Half of a number that is not negative, its lowest bit dropped.</summary>
        public Words192 Half() => new((W0 >> 1) | (W1 << 63), (W1 >> 1) | (W2 << 63), W2 >> 1);
    }
}
