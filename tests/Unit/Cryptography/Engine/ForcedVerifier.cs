using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// The engine on one path, with a table for every signer or for none, however few checks there are: vector by vector, and again
/// with as many together as share inversions.
/// </summary>
internal sealed class ForcedVerifier(EnginePath path, bool tables) : ISignatureVerifier
{
    // A path works in lanes from few checks on; 128 share inversions, which many are even if some with a high s fall away.
    private const int FewMin = 8, FewMax = 24, ManyMin = 200;

    private readonly Dictionary<PublicKey, CombTable> _tables = [];

    /// <summary>Every path of this processor, both ways.</summary>
    public static IReadOnlyList<ForcedVerifier> All =>
    [
        .. from path in Enum.GetValues<EnginePath>()
           where EnginePaths.IsSupported(path)
           from tables in (bool[])[true, false]
           select new ForcedVerifier(path, tables),
    ];

    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        VerifyRepeated(checks, results, FewMin, FewMax);
        if (path == EnginePath.Portable)
            return;
        bool[] together = new bool[checks.Length];
        VerifyRepeated(checks, together, ManyMin, VerificationEngine.ChunkMax);
        for (int i = 0; i < together.Length; i++)
        {
            if (together[i] != results[i])
                throw new InvalidOperationException($"{this}: check {i} is answered differently among many.");
        }
    }

    // Few checks are repeated, so that lanes are filled; the repetitions must say the same.
    private void VerifyRepeated(ReadOnlySpan<SignatureCheck> checks, Span<bool> results, int least, int most)
    {
        if (checks.IsEmpty)
            return;
        // Pieces of about one size, none smaller than asked for.
        int copies = 0, pieces;
        do
            pieces = (++copies * checks.Length + most - 1) / most;
        while (copies * checks.Length / pieces < least);
        SignatureCheck[] repeated = [.. Enumerable.Repeat(checks.ToArray(), copies).SelectMany(static c => c)];
        bool[] answers = new bool[repeated.Length];
        for (int piece = 0; piece < pieces; piece++)
        {
            int start = repeated.Length * piece / pieces, count = repeated.Length * (piece + 1) / pieces - start;
            CombTable?[] own = [.. repeated.AsSpan(start, count).ToArray().Select(TableOf)];
            VerificationEngine.Verify(path, repeated.AsSpan(start, count), own, answers.AsSpan(start, count));
        }
        for (int i = 0; i < answers.Length; i++)
        {
            if (answers[i] != answers[i % checks.Length])
                throw new InvalidOperationException($"{this}: check {i} is answered differently.");
        }
        answers.AsSpan(0, checks.Length).CopyTo(results);
    }

    public override string ToString() => $"{path}, {(tables ? "with" : "without")} tables";

    private CombTable? TableOf(SignatureCheck check)
    {
        if (!tables)
            return null;
        if (!_tables.TryGetValue(check.Signer, out CombTable? table))
            _tables.Add(check.Signer, table = CombTable.ForSigner(check.Signer));
        return table;
    }
}
