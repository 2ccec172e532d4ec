using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Four lanes, AVX2.</summary>
internal readonly struct Lanes256 : ILanes<Vector256<ulong>>
{
    public static bool IsSupported => Avx2.IsSupported;

    public static int Count => 4;

    public static int UsedMin => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Broadcast(ulong value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Load(ReadOnlySpan<ulong> words) => Vector256.Create(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Widen(ReadOnlySpan<uint> words) =>
        Avx2.ConvertToVector256Int64(Vector128.Create(words)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Add(Vector256<ulong> a, Vector256<ulong> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Subtract(Vector256<ulong> a, Vector256<ulong> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Multiply(Vector256<ulong> a, Vector256<ulong> b) =>
        Avx2.Multiply(a.AsInt32(), b.AsInt32()).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> MultiplyAdd(Vector256<ulong> sum, Vector256<ulong> a, Vector256<ulong> b) =>
        sum + Avx2.Multiply(a.AsInt32(), b.AsInt32()).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> And(Vector256<ulong> a, Vector256<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Or(Vector256<ulong> a, Vector256<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Xor(Vector256<ulong> a, Vector256<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> ShiftLeft(Vector256<ulong> a, [ConstantExpected] byte count) => Avx2.ShiftLeftLogical(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> ShiftRight(Vector256<ulong> a, [ConstantExpected] byte count) => Avx2.ShiftRightLogical(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Select(Vector256<ulong> mask, Vector256<ulong> a, Vector256<ulong> b) =>
        Vector256.ConditionalSelect(mask, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector256<ulong> a) => a == Vector256<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadEntries(
        ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes,
        out Vector256<ulong> w0, out Vector256<ulong> w1, out Vector256<ulong> w2, out Vector256<ulong> w3,
        out Vector256<ulong> w4, out Vector256<ulong> w5, out Vector256<ulong> w6, out Vector256<ulong> w7)
    {
        Turn(tables, codes, 0, out w0, out w1, out w2, out w3);
        Turn(tables, codes, 4, out w4, out w5, out w6, out w7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(
        ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes, nuint offset,
        out Vector256<ulong> w0, out Vector256<ulong> w1, out Vector256<ulong> w2, out Vector256<ulong> w3)
    {
        Vector256<ulong> r0 = Words(tables, codes, 0, offset), r1 = Words(tables, codes, 1, offset);
        Vector256<ulong> r2 = Words(tables, codes, 2, offset), r3 = Words(tables, codes, 3, offset);
        Vector256<ulong> e01 = Avx2.UnpackLow(r0, r1), o01 = Avx2.UnpackHigh(r0, r1);
        Vector256<ulong> e23 = Avx2.UnpackLow(r2, r3), o23 = Avx2.UnpackHigh(r2, r3);
        w0 = Avx2.Permute2x128(e01, e23, 0x20);
        w1 = Avx2.Permute2x128(o01, o23, 0x20);
        w2 = Avx2.Permute2x128(e01, e23, 0x31);
        w3 = Avx2.Permute2x128(o01, o23, 0x31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Words(
        ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes, int lane, nuint offset) =>
        Vector256.LoadUnsafe(ref tables[lane].EntryOf(codes[lane]), offset);
}
