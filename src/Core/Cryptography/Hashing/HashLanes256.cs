using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Hashing;

/// <summary>Eight lanes, AVX2.</summary>
internal readonly struct HashLanes256 : IHashLanes<Vector256<uint>>
{
    public static int Count => 8;

    public static double BlockCost => 9;

    private static Vector256<byte> BigEndian
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)] // a call would spill every vector to the stack
        get => Vector256.Create(
            (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Broadcast(uint value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Choose(Vector256<uint> e, Vector256<uint> f, Vector256<uint> g) => g ^ (e & (f ^ g));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Majority(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) => (a & b) | (c & (a | b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> AddToEach(Vector256<uint> a, uint number) => a + Vector256.Create(number);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Rotations(
        Vector256<uint> a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        (a >>> first) ^ (a << (32 - first)) ^ (a >>> second) ^ (a << (32 - second)) ^ (a >>> third) ^ (a << (32 - third));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotationsAndShift(
        Vector256<uint> a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        (a >>> first) ^ (a << (32 - first)) ^ (a >>> second) ^ (a << (32 - second)) ^ (a >>> shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> ByteLater(Vector256<uint> before, Vector256<uint> word) => (before << 24) | (word >>> 8);

    public static void LoadBlocks(ReadOnlySpan<byte> blocks, Span<Vector256<uint>> words)
    {
        ReadOnlySpan<Vector256<uint>> rows = MemoryMarshal.Cast<byte, Vector256<uint>>(blocks)[..16];
        Turn(rows, 0, 2, words[..8]); // of each lane's block: its first 8 words, then the others
        Turn(rows, 1, 2, words[8..16]);
    }

    public static void StoreDigests(ReadOnlySpan<Vector256<uint>> state, Span<Digest> digests) =>
        Turn(state, 0, 1, MemoryMarshal.Cast<Digest, Vector256<uint>>(digests[..8]));

    /// <summary>Turns 8 by 8 words, those of the rows first, first + step and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(ReadOnlySpan<Vector256<uint>> rows, int first, int step, Span<Vector256<uint>> turned)
    {
        Columns(rows[first], rows[first + step], rows[first + 2 * step], rows[first + 3 * step],
            out Vector256<uint> a0, out Vector256<uint> a1, out Vector256<uint> a2, out Vector256<uint> a3);
        first += 4 * step;
        Columns(rows[first], rows[first + step], rows[first + 2 * step], rows[first + 3 * step],
            out Vector256<uint> b0, out Vector256<uint> b1, out Vector256<uint> b2, out Vector256<uint> b3);
        // a_i holds columns i and 4 + i of the first four rows, and b_i of the others.
        turned = turned[..8];
        turned[0] = Avx2.Permute2x128(a0, b0, 0x20);
        turned[1] = Avx2.Permute2x128(a1, b1, 0x20);
        turned[2] = Avx2.Permute2x128(a2, b2, 0x20);
        turned[3] = Avx2.Permute2x128(a3, b3, 0x20);
        turned[4] = Avx2.Permute2x128(a0, b0, 0x31);
        turned[5] = Avx2.Permute2x128(a1, b1, 0x31);
        turned[6] = Avx2.Permute2x128(a2, b2, 0x31);
        turned[7] = Avx2.Permute2x128(a3, b3, 0x31);
    }

    /// <summary>Turns 4 by 4 words in each half, and the order of bytes in each word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(
        Vector256<uint> r0, Vector256<uint> r1, Vector256<uint> r2, Vector256<uint> r3,
        out Vector256<uint> c0, out Vector256<uint> c1, out Vector256<uint> c2, out Vector256<uint> c3)
    {
        Vector256<ulong> low01 = Avx2.UnpackLow(r0, r1).AsUInt64(), high01 = Avx2.UnpackHigh(r0, r1).AsUInt64();
        Vector256<ulong> low23 = Avx2.UnpackLow(r2, r3).AsUInt64(), high23 = Avx2.UnpackHigh(r2, r3).AsUInt64();
        c0 = Turned(Avx2.UnpackLow(low01, low23));
        c1 = Turned(Avx2.UnpackHigh(low01, low23));
        c2 = Turned(Avx2.UnpackLow(high01, high23));
        c3 = Turned(Avx2.UnpackHigh(high01, high23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Turned(Vector256<ulong> words) => Avx2.Shuffle(words.AsByte(), BigEndian).AsUInt32();
}
