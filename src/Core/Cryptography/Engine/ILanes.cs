using System.Diagnostics.CodeAnalysis;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// What a vector of 64-bit lanes can do, so that one text serves every width: each lane belongs to one signature. The
/// compiler makes separate code for each implementation and inlines it all.
/// </summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal interface ILanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Lanes of a vector.</summary>
    static abstract int Count { get; }

    /// <summary>
    /// A vector's work costs the same however many lanes count: with fewer than these, one at a time is faster.
    /// </summary>
    static abstract int UsedMin { get; }

    static abstract TVector Broadcast(ulong value);

    /// <summary>One word for each lane.</summary>
    static abstract TVector Load(ReadOnlySpan<ulong> words);

    /// <summary>One word for each lane, widened.</summary>
    static abstract TVector Widen(ReadOnlySpan<uint> words);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>The signed products of the lower 32 bits of each lane.</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary><paramref name="sum"/> plus the products of <see cref="Multiply"/>.</summary>
    static abstract TVector MultiplyAdd(TVector sum, TVector a, TVector b);

    static abstract TVector And(TVector a, TVector b);

    static abstract TVector Or(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    static abstract TVector ShiftLeft(TVector a, [ConstantExpected] byte count);

    /// <summary>Zeros come in from the left.</summary>
    static abstract TVector ShiftRight(TVector a, [ConstantExpected] byte count);

    /// <summary>The lanes of <paramref name="a"/> where the mask's are ones, else those of <paramref name="b"/>.</summary>
    static abstract TVector Select(TVector mask, TVector a, TVector b);

    /// <summary>Whether all lanes are zero.</summary>
    static abstract bool IsZero(TVector a);

    /// <summary>
    /// Loads <see cref="CombTable.EntryWords"/> words for each lane and turns them: the first result holds every lane's
    /// first word.
    /// </summary>
    /// <param name="tables">A table for each lane.</param>
    /// <param name="codes">A code for each lane.</param>
    static abstract void LoadEntries(
        ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes,
        out TVector w0, out TVector w1, out TVector w2, out TVector w3,
        out TVector w4, out TVector w5, out TVector w6, out TVector w7);
}
