using System.Diagnostics.CodeAnalysis;

namespace GovChain.Core.Cryptography.Hashing;

/// <summary>
/// What a vector of 32-bit lanes can do, so that one text of SHA-256 serves every width: each lane belongs to one message.
/// The compiler makes separate code for each implementation and inlines it all, as long as there are not too many calls: hence
/// operations as large as SHA-256 has them.
/// </summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal interface IHashLanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Lanes of a vector: messages hashed in one pass.</summary>
    static abstract int Count { get; }

    /// <summary>What one block of all lanes costs, when the platform's hash of one block costs 1.</summary>
    static abstract double BlockCost { get; }

    static abstract TVector Broadcast(uint value);

    static abstract TVector Add(TVector a, TVector b);

    /// <summary>The bits of <paramref name="f"/> where those of <paramref name="e"/> are ones, else those of <paramref name="g"/>.</summary>
    static abstract TVector Choose(TVector e, TVector f, TVector g);

    /// <summary>The bits that two or three of them have.</summary>
    static abstract TVector Majority(TVector a, TVector b, TVector c);

    /// <summary>The number added to every lane.</summary>
    static abstract TVector AddToEach(TVector a, uint number);

    /// <summary>Three rotations to the right, one xor of them all: the big sigmas (section 4.1.2).</summary>
    static abstract TVector Rotations(
        TVector a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third);

    /// <summary>Two rotations and a shift to the right, one xor of them all: the small sigmas.</summary>
    static abstract TVector RotationsAndShift(
        TVector a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift);

    /// <summary>The four bytes of each lane that begin with the last of <paramref name="before"/> and go on with <paramref name="word"/>.</summary>
    static abstract TVector ByteLater(TVector before, TVector word);

    /// <summary>
    /// Reads a block of 64 bytes for each lane, one after the other, as 16 big-endian words, and turns them: the first vector
    /// holds every lane's first word.
    /// </summary>
    static abstract void LoadBlocks(ReadOnlySpan<byte> blocks, Span<TVector> words);

    /// <summary>Turns a state's 8 vectors back: each lane's digest, big-endian, one after the other.</summary>
    static abstract void StoreDigests(ReadOnlySpan<TVector> state, Span<Digest> digests);
}
