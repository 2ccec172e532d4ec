using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>The engine on one path, with a table for every signer or for none, however few checks there are.</summary>
internal sealed class ForcedVerifier(EnginePath path, bool tables) : ISignatureVerifier
{
    // A path works in lanes from this many checks on.
    private const int ChecksMin = 8;

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
        if (checks.Length < ChecksMin)
        {
            // Repeated, so that lanes are filled; the repetitions must say the same.
            bool[] repeated = new bool[checks.Length * ChecksMin];
            Verify([.. Enumerable.Repeat(checks.ToArray(), ChecksMin).SelectMany(static c => c)], repeated);
            for (int i = 0; i < repeated.Length; i++)
            {
                if (repeated[i] != repeated[i % checks.Length])
                    throw new InvalidOperationException($"{this}: lane {i} answers differently.");
            }
            repeated.AsSpan(0, checks.Length).CopyTo(results);
            return;
        }
        for (int start = 0; start < checks.Length; start += VerificationEngine.ChunkMax)
        {
            int count = Math.Min(VerificationEngine.ChunkMax, checks.Length - start);
            CombTable?[] own = [.. checks.Slice(start, count).ToArray().Select(TableOf)];
            VerificationEngine.Verify(path, checks.Slice(start, count), own, results.Slice(start, count));
        }
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
