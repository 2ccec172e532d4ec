using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Eight lanes, AVX-512F.</summary>
internal readonly struct Lanes512 : ILanes<Vector512<ulong>>
{
    public static bool IsSupported => Avx512F.IsSupported;

    public static int Count => 8;

    public static int UsedMin => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Broadcast(ulong value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Load(ReadOnlySpan<ulong> words) => Vector512.Create(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Widen(ReadOnlySpan<uint> words) =>
        Avx512F.ConvertToVector512UInt64(Vector256.Create(words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Add(Vector512<ulong> a, Vector512<ulong> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Subtract(Vector512<ulong> a, Vector512<ulong> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Multiply(Vector512<ulong> a, Vector512<ulong> b) =>
        Avx512F.Multiply(a.AsInt32(), b.AsInt32()).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> MultiplyAdd(Vector512<ulong> sum, Vector512<ulong> a, Vector512<ulong> b) =>
        sum + Avx512F.Multiply(a.AsInt32(), b.AsInt32()).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> And(Vector512<ulong> a, Vector512<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Or(Vector512<ulong> a, Vector512<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Xor(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> ShiftLeft(Vector512<ulong> a, [ConstantExpected] byte count) => Avx512F.ShiftLeftLogical(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> ShiftRight(Vector512<ulong> a, [ConstantExpected] byte count) => Avx512F.ShiftRightLogical(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Select(Vector512<ulong> mask, Vector512<ulong> a, Vector512<ulong> b) =>
        Vector512.ConditionalSelect(mask, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector512<ulong> a) => a == Vector512<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadEntries(
        ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes,
        out Vector512<ulong> w0, out Vector512<ulong> w1, out Vector512<ulong> w2, out Vector512<ulong> w3,
        out Vector512<ulong> w4, out Vector512<ulong> w5, out Vector512<ulong> w6, out Vector512<ulong> w7)
    {
        Vector512<ulong> r0 = Entry(tables, codes, 0), r1 = Entry(tables, codes, 1);
        Vector512<ulong> r2 = Entry(tables, codes, 2), r3 = Entry(tables, codes, 3);
        Vector512<ulong> r4 = Entry(tables, codes, 4), r5 = Entry(tables, codes, 5);
        Vector512<ulong> r6 = Entry(tables, codes, 6), r7 = Entry(tables, codes, 7);
        // Pairs of rows by columns of parity, then quarters of 128 bits, even ones (0x88) and odd ones (0xDD).
        Vector512<ulong> e01 = Avx512F.UnpackLow(r0, r1), o01 = Avx512F.UnpackHigh(r0, r1);
        Vector512<ulong> e23 = Avx512F.UnpackLow(r2, r3), o23 = Avx512F.UnpackHigh(r2, r3);
        Vector512<ulong> e45 = Avx512F.UnpackLow(r4, r5), o45 = Avx512F.UnpackHigh(r4, r5);
        Vector512<ulong> e67 = Avx512F.UnpackLow(r6, r7), o67 = Avx512F.UnpackHigh(r6, r7);
        Quarters(e01, e23, e45, e67, out w0, out w4, out w2, out w6);
        Quarters(o01, o23, o45, o67, out w1, out w5, out w3, out w7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarters(
        Vector512<ulong> p01, Vector512<ulong> p23, Vector512<ulong> p45, Vector512<ulong> p67,
        out Vector512<ulong> first, out Vector512<ulong> third, out Vector512<ulong> second, out Vector512<ulong> fourth)
    {
        Vector512<ulong> even03 = Avx512F.Shuffle4x128(p01, p23, 0x88), even47 = Avx512F.Shuffle4x128(p45, p67, 0x88);
        Vector512<ulong> odd03 = Avx512F.Shuffle4x128(p01, p23, 0xDD), odd47 = Avx512F.Shuffle4x128(p45, p67, 0xDD);
        first = Avx512F.Shuffle4x128(even03, even47, 0x88);
        third = Avx512F.Shuffle4x128(even03, even47, 0xDD);
        second = Avx512F.Shuffle4x128(odd03, odd47, 0x88);
        fourth = Avx512F.Shuffle4x128(odd03, odd47, 0xDD);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Entry(ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes, int lane) =>
        Vector512.LoadUnsafe(ref tables[lane].EntryOf(codes[lane]));
}
