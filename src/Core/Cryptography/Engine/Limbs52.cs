using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Products of numbers in five limbs of 52 bits, value = sum of n[i] * 2^(52 i), the ground of field and scalar
/// arithmetic on one signature.
/// </summary>
/// <remarks>
/// A product of two limbs is split at bit 52 without a carry: its low part is the wrapped product masked, its high part
/// the upper word of the product of both limbs shifted left by six, (a 2^6)(b 2^6) = ab 2^12. So columns are plain
/// sums of 64-bit words. With limbs below 2^58 both parts are exact; with limbs of at most A 2^52 and B 2^52 and AB at
/// most 64, five high parts and five low ones stay below 5 (64 + 1) 2^52 &lt; 2^61.
/// </remarks>
internal static class Limbs52
{
    public const int Bits = 52;
    public const ulong Mask = (1UL << Bits) - 1;

    /// <summary>The most a product's two magnitudes may multiply to.</summary>
    public const int ProductMagnitudeMax = 64;

    /// <summary>The upper 64 bits of a product of 64-bit words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong High(ulong a, ulong b) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(a, b) : Math.BigMul(a, b, out _);

    /// <summary>The low 52 bits of a product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Low(ulong a, ulong b) => (a * b) & Mask;

    /// <summary>The ten columns of a product, column k weighing 2^(52 k); limbs of both below 2^58.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(
        ulong a0, ulong a1, ulong a2, ulong a3, ulong a4, ulong b0, ulong b1, ulong b2, ulong b3, ulong b4,
        out ulong d0, out ulong d1, out ulong d2, out ulong d3, out ulong d4,
        out ulong d5, out ulong d6, out ulong d7, out ulong d8, out ulong d9)
    {
        ulong x0 = a0 << 6, x1 = a1 << 6, x2 = a2 << 6, x3 = a3 << 6, x4 = a4 << 6;
        ulong y0 = b0 << 6, y1 = b1 << 6, y2 = b2 << 6, y3 = b3 << 6, y4 = b4 << 6;
        d0 = Low(a0, b0);
        d1 = High(x0, y0) + Low(a0, b1) + Low(a1, b0);
        d2 = High(x0, y1) + High(x1, y0) + Low(a0, b2) + Low(a1, b1) + Low(a2, b0);
        d3 = High(x0, y2) + High(x1, y1) + High(x2, y0) + Low(a0, b3) + Low(a1, b2) + Low(a2, b1) + Low(a3, b0);
        d4 = High(x0, y3) + High(x1, y2) + High(x2, y1) + High(x3, y0)
            + Low(a0, b4) + Low(a1, b3) + Low(a2, b2) + Low(a3, b1) + Low(a4, b0);
        d5 = High(x0, y4) + High(x1, y3) + High(x2, y2) + High(x3, y1) + High(x4, y0)
            + Low(a1, b4) + Low(a2, b3) + Low(a3, b2) + Low(a4, b1);
        d6 = High(x1, y4) + High(x2, y3) + High(x3, y2) + High(x4, y1) + Low(a2, b4) + Low(a3, b3) + Low(a4, b2);
        d7 = High(x2, y4) + High(x3, y3) + High(x4, y2) + Low(a3, b4) + Low(a4, b3);
        d8 = High(x3, y4) + High(x4, y3) + Low(a4, b4);
        d9 = High(x4, y4);
    }

    /// <summary>The ten columns of a square; limbs below 2^58.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Square(
        ulong a0, ulong a1, ulong a2, ulong a3, ulong a4,
        out ulong d0, out ulong d1, out ulong d2, out ulong d3, out ulong d4,
        out ulong d5, out ulong d6, out ulong d7, out ulong d8, out ulong d9)
    {
        ulong x0 = a0 << 6, x1 = a1 << 6, x2 = a2 << 6, x3 = a3 << 6, x4 = a4 << 6;
        d0 = Low(a0, a0);
        d1 = High(x0, x0) + 2 * Low(a0, a1);
        d2 = 2 * (High(x0, x1) + Low(a0, a2)) + Low(a1, a1);
        d3 = 2 * (High(x0, x2) + Low(a0, a3) + Low(a1, a2)) + High(x1, x1);
        d4 = 2 * (High(x0, x3) + High(x1, x2) + Low(a0, a4) + Low(a1, a3)) + Low(a2, a2);
        d5 = 2 * (High(x0, x4) + High(x1, x3) + Low(a1, a4) + Low(a2, a3)) + High(x2, x2);
        d6 = 2 * (High(x1, x4) + High(x2, x3) + Low(a2, a4)) + Low(a3, a3);
        d7 = 2 * (High(x2, x4) + Low(a3, a4)) + High(x3, x3);
        d8 = 2 * High(x3, x4) + Low(a4, a4);
        d9 = High(x4, x4);
    }
}
