using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Hashing;

/// <summary>Sixteen lanes, AVX-512F and AVX-512BW.</summary>
internal readonly struct HashLanes512 : IHashLanes<Vector512<uint>>
{
    // Truth tables of three operands, for vpternlogd.
    private const byte Parity = 0x96, Choice = 0xCA, AtLeastTwo = 0xE8;

    public static int Count => 16;

    public static double BlockCost => 11;

    private static Vector512<byte> BigEndian
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)] // a call would spill every vector to the stack
        get => Vector512.Create(
            (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
            3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Broadcast(uint value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Choose(Vector512<uint> e, Vector512<uint> f, Vector512<uint> g) =>
        Avx512F.TernaryLogic(e, f, g, Choice);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Majority(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        Avx512F.TernaryLogic(a, b, c, AtLeastTwo);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> AddToEach(Vector512<uint> a, uint number) => a + Vector512.Create(number);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Rotations(
        Vector512<uint> a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        Avx512F.TernaryLogic(
            Avx512F.RotateRight(a, first), Avx512F.RotateRight(a, second), Avx512F.RotateRight(a, third), Parity);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RotationsAndShift(
        Vector512<uint> a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        Avx512F.TernaryLogic(
            Avx512F.RotateRight(a, first), Avx512F.RotateRight(a, second), Avx512F.ShiftRightLogical(a, shift), Parity);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ByteLater(Vector512<uint> before, Vector512<uint> word) => (before << 24) | (word >>> 8);

    public static void LoadBlocks(ReadOnlySpan<byte> blocks, Span<Vector512<uint>> words)
    {
        ReadOnlySpan<Vector512<uint>> rows = MemoryMarshal.Cast<byte, Vector512<uint>>(blocks)[..16];
        // Four rows at a time: columns within each quarter of 128 bits; then the quarters.
        Columns(rows[0], rows[1], rows[2], rows[3],
            out Vector512<uint> a0, out Vector512<uint> a1, out Vector512<uint> a2, out Vector512<uint> a3);
        Columns(rows[4], rows[5], rows[6], rows[7],
            out Vector512<uint> b0, out Vector512<uint> b1, out Vector512<uint> b2, out Vector512<uint> b3);
        Columns(rows[8], rows[9], rows[10], rows[11],
            out Vector512<uint> c0, out Vector512<uint> c1, out Vector512<uint> c2, out Vector512<uint> c3);
        Columns(rows[12], rows[13], rows[14], rows[15],
            out Vector512<uint> d0, out Vector512<uint> d1, out Vector512<uint> d2, out Vector512<uint> d3);
        words = words[..16];
        Quarters(a0, b0, c0, d0, out words[0], out words[4], out words[8], out words[12]);
        Quarters(a1, b1, c1, d1, out words[1], out words[5], out words[9], out words[13]);
        Quarters(a2, b2, c2, d2, out words[2], out words[6], out words[10], out words[14]);
        Quarters(a3, b3, c3, d3, out words[3], out words[7], out words[11], out words[15]);
    }

    public static void StoreDigests(ReadOnlySpan<Vector512<uint>> state, Span<Digest> digests)
    {
        state = state[..8];
        Columns(state[0], state[1], state[2], state[3],
            out Vector512<uint> a0, out Vector512<uint> a1, out Vector512<uint> a2, out Vector512<uint> a3);
        Columns(state[4], state[5], state[6], state[7],
            out Vector512<uint> b0, out Vector512<uint> b1, out Vector512<uint> b2, out Vector512<uint> b3);
        // a_i holds words 0 to 3 of the lanes i, 4 + i, 8 + i, 12 + i, and b_i words 4 to 7.
        Span<Vector128<uint>> halves = MemoryMarshal.Cast<Digest, Vector128<uint>>(digests[..16]);
        Store(a0, b0, 0, halves);
        Store(a1, b1, 1, halves);
        Store(a2, b2, 2, halves);
        Store(a3, b3, 3, halves);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<uint> low, Vector512<uint> high, int lane, Span<Vector128<uint>> halves)
    {
        for (int quarter = 0; quarter < 4; quarter++, lane += 4)
        {
            halves[2 * lane] = Quarter(low, quarter);
            halves[2 * lane + 1] = Quarter(high, quarter);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Quarter(Vector512<uint> vector, int quarter)
    {
        Vector256<uint> half = quarter < 2 ? vector.GetLower() : vector.GetUpper();
        return quarter % 2 == 0 ? half.GetLower() : half.GetUpper();
    }

    /// <summary>Turns 4 by 4 words in each quarter, and the order of bytes in each word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(
        Vector512<uint> r0, Vector512<uint> r1, Vector512<uint> r2, Vector512<uint> r3,
        out Vector512<uint> c0, out Vector512<uint> c1, out Vector512<uint> c2, out Vector512<uint> c3)
    {
        Vector512<ulong> low01 = Avx512F.UnpackLow(r0, r1).AsUInt64(), high01 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
        Vector512<ulong> low23 = Avx512F.UnpackLow(r2, r3).AsUInt64(), high23 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
        c0 = Turned(Avx512F.UnpackLow(low01, low23));
        c1 = Turned(Avx512F.UnpackHigh(low01, low23));
        c2 = Turned(Avx512F.UnpackLow(high01, high23));
        c3 = Turned(Avx512F.UnpackHigh(high01, high23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Turned(Vector512<ulong> words) => Avx512BW.Shuffle(words.AsByte(), BigEndian).AsUInt32();

    /// <summary>Turns 4 by 4 quarters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarters(
        Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d,
        out Vector512<uint> first, out Vector512<uint> second, out Vector512<uint> third, out Vector512<uint> fourth)
    {
        // 0x88 takes the even quarters of both, 0xDD the odd ones.
        Vector512<uint> evenAb = Avx512F.Shuffle4x128(a, b, 0x88), oddAb = Avx512F.Shuffle4x128(a, b, 0xDD);
        Vector512<uint> evenCd = Avx512F.Shuffle4x128(c, d, 0x88), oddCd = Avx512F.Shuffle4x128(c, d, 0xDD);
        first = Avx512F.Shuffle4x128(evenAb, evenCd, 0x88);
        second = Avx512F.Shuffle4x128(oddAb, oddCd, 0x88);
        third = Avx512F.Shuffle4x128(evenAb, evenCd, 0xDD);
        fourth = Avx512F.Shuffle4x128(oddAb, oddCd, 0xDD);
    }
}
