using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Arithmetic on <see cref="LaneElement{TVector}"/>.</summary>
/// <remarks>
/// <para>
/// Products. A column is a sum of at most nine products of two limbs, each of at most ab u^2 for factors of magnitudes a
/// and b, u = 2^29; a multiplier takes 32 bits with sign, so a and b stay below 4. Signed: to columns that may be
/// negative, 2^63 is added, a multiple of p in all (the low columns' constants make it one); with ab at most 3 - two
/// products at once count together - a column lies within 2^62.8 of 2^63. Unsigned, for factors without negative limbs:
/// with ab at most 6 a column is below 2^63.8. What folding adds is below 2^46.
/// </para>
/// <para>
/// Folding. Columns 9 to 16 are carried into ten limbs of 29 bits that weigh 2^261 and more; 2^261 = 2^37 + 31264 modulo
/// p, so they come down as a product with 31264 in place and a shift by 8 one place up. What then stands above 2^261,
/// below 2^38, comes down likewise in two parts, and three carries end it: limbs are below 2^29, limb 3 at most 2^29.
/// </para>
/// <para>A result may be the same variable as a factor. A debug build asserts the bounds.</para>
/// </remarks>
internal static partial class LaneField<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    private const int Bits = 29;
    private const ulong Mask = (1UL << Bits) - 1;
    private const ulong Fold = 31264; // 2^261 = 2^37 + 31264 modulo p
    private const ulong P0 = Mask - 976, P1 = Mask - 8, P8 = (1UL << 24) - 1; // limbs of p; those between are Mask
    private const ulong Inverse977 = 0x12253531; // of 977 modulo 2^29

    /// <summary>a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        r.N0 = TLanes.Add(a.N0, b.N0);
        r.N1 = TLanes.Add(a.N1, b.N1);
        r.N2 = TLanes.Add(a.N2, b.N2);
        r.N3 = TLanes.Add(a.N3, b.N3);
        r.N4 = TLanes.Add(a.N4, b.N4);
        r.N5 = TLanes.Add(a.N5, b.N5);
        r.N6 = TLanes.Add(a.N6, b.N6);
        r.N7 = TLanes.Add(a.N7, b.N7);
        r.N8 = TLanes.Add(a.N8, b.N8);
    }

    /// <summary>a times 2 to the <paramref name="count"/>, for a without negative limbs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ShiftLeft(
        out LaneElement<TVector> r, in LaneElement<TVector> a, [ConstantExpected] byte count)
    {
        r.N0 = TLanes.ShiftLeft(a.N0, count);
        r.N1 = TLanes.ShiftLeft(a.N1, count);
        r.N2 = TLanes.ShiftLeft(a.N2, count);
        r.N3 = TLanes.ShiftLeft(a.N3, count);
        r.N4 = TLanes.ShiftLeft(a.N4, count);
        r.N5 = TLanes.ShiftLeft(a.N5, count);
        r.N6 = TLanes.ShiftLeft(a.N6, count);
        r.N7 = TLanes.ShiftLeft(a.N7, count);
        r.N8 = TLanes.ShiftLeft(a.N8, count);
    }

    /// <summary>3a / 2 for a reduced a; no limb is negative, the magnitude is below 1.51.</summary>
    /// <remarks>Three times a limb leaves two bits to carry, the topmost one's by 2^261 = 2^37 + 31264; then p makes the number even.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void HalfOfThrice(out LaneElement<TVector> r, in LaneElement<TVector> a)
    {
        TVector mask = TLanes.Broadcast(Mask);
        TVector t0 = Thrice(a.N0), t1 = Thrice(a.N1), t2 = Thrice(a.N2), t3 = Thrice(a.N3), t4 = Thrice(a.N4);
        TVector t5 = Thrice(a.N5), t6 = Thrice(a.N6), t7 = Thrice(a.N7), t8 = Thrice(a.N8);
        TVector carry8 = TLanes.ShiftRight(t8, Bits);
        TVector u0 = TLanes.MultiplyAdd(TLanes.And(t0, mask), carry8, TLanes.Broadcast(Fold));
        TVector u1 = TLanes.Add(Carried(t1, t0), TLanes.ShiftLeft(carry8, 8));
        TVector odd = TLanes.Subtract(TLanes.Broadcast(0), TLanes.And(u0, TLanes.Broadcast(1)));
        TVector p = TLanes.And(odd, mask);
        u0 = TLanes.Add(u0, TLanes.And(odd, TLanes.Broadcast(P0)));
        u1 = TLanes.Add(u1, TLanes.And(odd, TLanes.Broadcast(P1)));
        TVector u2 = TLanes.Add(Carried(t2, t1), p), u3 = TLanes.Add(Carried(t3, t2), p), u4 = TLanes.Add(Carried(t4, t3), p);
        TVector u5 = TLanes.Add(Carried(t5, t4), p), u6 = TLanes.Add(Carried(t6, t5), p), u7 = TLanes.Add(Carried(t7, t6), p);
        TVector u8 = TLanes.Add(Carried(t8, t7), TLanes.And(odd, TLanes.Broadcast(P8)));
        r.N0 = Halved(u0, u1);
        r.N1 = Halved(u1, u2);
        r.N2 = Halved(u2, u3);
        r.N3 = Halved(u3, u4);
        r.N4 = Halved(u4, u5);
        r.N5 = Halved(u5, u6);
        r.N6 = Halved(u6, u7);
        r.N7 = Halved(u7, u8);
        r.N8 = TLanes.ShiftRight(u8, 1);
    }

    /// <summary>a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Subtract(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        r.N0 = TLanes.Subtract(a.N0, b.N0);
        r.N1 = TLanes.Subtract(a.N1, b.N1);
        r.N2 = TLanes.Subtract(a.N2, b.N2);
        r.N3 = TLanes.Subtract(a.N3, b.N3);
        r.N4 = TLanes.Subtract(a.N4, b.N4);
        r.N5 = TLanes.Subtract(a.N5, b.N5);
        r.N6 = TLanes.Subtract(a.N6, b.N6);
        r.N7 = TLanes.Subtract(a.N7, b.N7);
        r.N8 = TLanes.Subtract(a.N8, b.N8);
    }

    /// <summary>-a.</summary>
    public static void Negate(out LaneElement<TVector> r, in LaneElement<TVector> a)
    {
        LaneElement<TVector> zero = default;
        Subtract(out r, zero, a);
    }

    /// <summary>a or, in the lanes where the mask is all ones, -a.</summary>
    public static void NegateWhere(out LaneElement<TVector> r, TVector mask, in LaneElement<TVector> a)
    {
        r.N0 = TLanes.Subtract(TLanes.Xor(a.N0, mask), mask);
        r.N1 = TLanes.Subtract(TLanes.Xor(a.N1, mask), mask);
        r.N2 = TLanes.Subtract(TLanes.Xor(a.N2, mask), mask);
        r.N3 = TLanes.Subtract(TLanes.Xor(a.N3, mask), mask);
        r.N4 = TLanes.Subtract(TLanes.Xor(a.N4, mask), mask);
        r.N5 = TLanes.Subtract(TLanes.Xor(a.N5, mask), mask);
        r.N6 = TLanes.Subtract(TLanes.Xor(a.N6, mask), mask);
        r.N7 = TLanes.Subtract(TLanes.Xor(a.N7, mask), mask);
        r.N8 = TLanes.Subtract(TLanes.Xor(a.N8, mask), mask);
    }

    /// <summary>a where the mask is all ones, else b.</summary>
    public static void Select(
        out LaneElement<TVector> r, TVector mask, in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        r.N0 = TLanes.Select(mask, a.N0, b.N0);
        r.N1 = TLanes.Select(mask, a.N1, b.N1);
        r.N2 = TLanes.Select(mask, a.N2, b.N2);
        r.N3 = TLanes.Select(mask, a.N3, b.N3);
        r.N4 = TLanes.Select(mask, a.N4, b.N4);
        r.N5 = TLanes.Select(mask, a.N5, b.N5);
        r.N6 = TLanes.Select(mask, a.N6, b.N6);
        r.N7 = TLanes.Select(mask, a.N7, b.N7);
        r.N8 = TLanes.Select(mask, a.N8, b.N8);
    }

    /// <summary>All ones in the lanes where a, of magnitude 1, is a multiple of p, and in one of four million others.</summary>
    public static TVector MayBeZero(in LaneElement<TVector> a)
    {
        // A magnitude of 1 is less than 33 p, and k p is -977 k modulo 2^29, which the lowest limb alone says.
        const ulong most = 64;
        TVector k = TLanes.Add(TLanes.Multiply(a.N0, TLanes.Broadcast(Inverse977)), TLanes.Broadcast(most));
        TVector above = TLanes.And(k, TLanes.Broadcast(Mask & ~(2 * most - 1)));
        return TLanes.Subtract(TLanes.Broadcast(0), TLanes.ShiftRight(TLanes.Subtract(above, TLanes.Broadcast(1)), 63));
    }

    /// <summary>The same number in every lane.</summary>
    public static void Broadcast(out LaneElement<TVector> r, in Words256 value) => FromWords(
        out r, TLanes.Broadcast(value.W0), TLanes.Broadcast(value.W1), TLanes.Broadcast(value.W2), TLanes.Broadcast(value.W3));

    /// <summary>Numbers below 2^256, given in four words; reduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FromWords(out LaneElement<TVector> r, TVector w0, TVector w1, TVector w2, TVector w3)
    {
        TVector mask = TLanes.Broadcast(Mask);
        r.N0 = TLanes.And(w0, mask);
        r.N1 = TLanes.And(TLanes.ShiftRight(w0, 29), mask);
        r.N2 = TLanes.And(TLanes.Or(TLanes.ShiftRight(w0, 58), TLanes.ShiftLeft(w1, 6)), mask);
        r.N3 = TLanes.And(TLanes.ShiftRight(w1, 23), mask);
        r.N4 = TLanes.And(TLanes.Or(TLanes.ShiftRight(w1, 52), TLanes.ShiftLeft(w2, 12)), mask);
        r.N5 = TLanes.And(TLanes.ShiftRight(w2, 17), mask);
        r.N6 = TLanes.And(TLanes.Or(TLanes.ShiftRight(w2, 46), TLanes.ShiftLeft(w3, 18)), mask);
        r.N7 = TLanes.And(TLanes.ShiftRight(w3, 11), mask);
        r.N8 = TLanes.ShiftRight(w3, 40);
    }

    /// <summary>A number below 2^256 for each lane, reduced; lanes beyond the last number repeat it.</summary>
    public static void FromWords(out LaneElement<TVector> r, ReadOnlySpan<Words256> values)
    {
        int lanes = TLanes.Count;
        Span<ulong> words = stackalloc ulong[4 * lanes];
        for (int lane = 0; lane < lanes; lane++)
        {
            Words256 value = values[Math.Min(lane, values.Length - 1)];
            words[lane] = value.W0;
            words[lanes + lane] = value.W1;
            words[2 * lanes + lane] = value.W2;
            words[3 * lanes + lane] = value.W3;
        }
        FromWords(
            out r, TLanes.Load(words), TLanes.Load(words[lanes..]), TLanes.Load(words[(2 * lanes)..]),
            TLanes.Load(words[(3 * lanes)..]));
    }

    /// <summary>One lane's number, which is reduced; magnitude 1.</summary>
    public static FieldElement Extract(in LaneElement<TVector> a, int lane)
    {
        Span<ulong> words = stackalloc ulong[9];
        ReadOnlySpan<TVector> limbs = [a.N0, a.N1, a.N2, a.N3, a.N4, a.N5, a.N6, a.N7, a.N8];
        for (int i = 0; i < limbs.Length; i++)
            words[i] = Unsafe.Add(ref Unsafe.As<TVector, ulong>(ref Unsafe.AsRef(in limbs[i])), lane);
        return FieldElement.FromLimbs29(words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Thrice(TVector limb) => TLanes.Add(limb, TLanes.Add(limb, limb));

    // A limb of 29 bits and what the one below it leaves above its own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Carried(TVector limb, TVector below) =>
        TLanes.Add(TLanes.And(limb, TLanes.Broadcast(Mask)), TLanes.ShiftRight(below, Bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Halved(TVector limb, TVector above) => TLanes.Add(
        TLanes.ShiftRight(limb, 1), TLanes.ShiftLeft(TLanes.And(above, TLanes.Broadcast(1)), Bits - 1));
}
