namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// Whether a path gives the right answers on this processor, with this runtime: fixed signatures whose verdicts are known,
/// the exceptional cases of the arithmetic among them, and roots of keys. Some milliseconds, some thirty on the portable path.
/// </summary>
/// <remarks>
/// The vectors were made with integer arithmetic in Python from hashes of fixed words; the unit tests check them against
/// big integers and the platform.
/// </remarks>
public static class EngineSelfTest
{
    // Of the widest path; a narrower one's divides it.
    private const int LanesMax = 8;

    // 5^3 + 7 is no square modulo p.
    private static readonly Words256 NoPoint = new(5, 0, 0, 0);

    /// <summary>What sets <c>results[i]</c> to whether <c>checks[i]</c> is valid, given its signer's table or null.</summary>
    internal delegate void Verdicts(ReadOnlySpan<SignatureCheck> checks, ReadOnlySpan<CombTable?> tables, Span<bool> results);

    /// <summary>What computes the roots of the first of <paramref name="xs"/>, as <see cref="KeyRoots"/>, and says of how many.</summary>
    internal delegate int Roots(ReadOnlySpan<Words256> xs, Span<FieldElement> roots);

    /// <summary>Null if every answer is right, else what was wrong, for people.</summary>
    /// <param name="path">A path that the processor has.</param>
    public static string? Run(EnginePath path) => Run(
        path, (checks, tables, results) => VerificationEngine.Verify(path, checks, tables, results),
        (xs, roots) => KeyRoots.Compute(path, xs, roots));

    /// <summary>The same of what answers in the path's place.</summary>
    internal static string? Run(EnginePath path, Verdicts verify, Roots compute)
    {
        ILookup<bool, Vector> byForm = Vectors.ToLookup(static v => v.ToCheck().Signature.IsLowS);
        Vector[] lanes = InEveryLane([.. byForm[true]]);
        Dictionary<PublicKey, CombTable> bySigner = lanes.Select(static v => v.ToCheck().Signer).Distinct()
            .ToDictionary(static signer => signer, CombTable.ForSigner);
        // So many at once that they share inversions, and a few at a time: a path has a way for either. A high s is refused before
        // any lane and stands last: it would move the others out of theirs.
        return FirstWrong(path, verify, [.. lanes, .. lanes, .. byForm[false]], VerificationEngine.ChunkMax, bySigner)
            ?? FirstWrong(path, verify, lanes, LanesMax, bySigner)
            ?? (FirstWrongRoot(compute) is { } root ? $"{path}, keys: {root}" : null);
    }

    private static string? FirstWrong(
        EnginePath path, Verdicts verify, Vector[] batch, int together, Dictionary<PublicKey, CombTable> bySigner)
    {
        SignatureCheck[] checks = [.. batch.Select(static v => v.ToCheck())];
        CombTable?[] tables = [.. checks.Select(c => bySigner.GetValueOrDefault(c.Signer))];
        if (FirstWrong(verify, batch, checks, tables, together) is { } withTables)
            return $"{path}, signers with tables: {withTables}";
        return FirstWrong(verify, batch, checks, new CombTable?[batch.Length], together) is { } without
            ? $"{path}, signers without tables: {without}" : null;
    }

    private static string? FirstWrong(Verdicts verify, Vector[] batch, SignatureCheck[] checks, CombTable?[] tables, int together)
    {
        bool[] results = new bool[batch.Length];
        for (int start = 0; start < batch.Length; start += together)
        {
            int count = Math.Min(together, batch.Length - start);
            verify(checks.AsSpan(start, count), tables.AsSpan(start, count), results.AsSpan(start, count));
        }
        for (int i = 0; i < results.Length; i++)
        {
            Vector vector = batch[i];
            if (results[i] != vector.IsValid)
                return $"the test signature \"{vector.Name}\" is {(vector.IsValid ? "valid and was refused" : "not valid and was accepted")}";
        }
        return null;
    }

    private static string? FirstWrongRoot(Roots compute)
    {
        Words256[] xs = InEveryLane([.. Vectors.Select(static v => v.ToCheck().Signer).Distinct()
            .Select(static signer => Words256.Read(signer.Span[1..])), NoPoint]);
        var roots = new FieldElement[xs.Length];
        int computed = compute(xs, roots);
        for (int i = 0; i < computed; i++)
        {
            bool hasPoint = xs[i] != NoPoint;
            // The power is a root of x^3 + 7, or of its negation where that has none.
            FieldElement x = FieldElement.From(xs[i]), square = roots[i].Square(), expected = x.Square() * x + FieldElement.Of(7);
            if (!(hasPoint ? square + expected.Negate(2) : square + expected).IsZero())
                return hasPoint ? "the root of a key is wrong" : "an x without a point has a wrong root";
        }
        return null;
    }

    // Each stands in every lane once, beside others.
    private static T[] InEveryLane<T>(T[] items) =>
    [
        .. Enumerable.Range(0, items.Length)
            .SelectMany(group => Enumerable.Range(0, LanesMax).Select(lane => items[(group + lane) % items.Length])),
    ];

    internal static Vector[] Vectors { get; } =
    [
        new("signed",
            "03a23de4741e786742a90880307462e5f565cae79a6d7dde88276385272c5c8b33",
            "74f2bab0f7b496db35967b365a4bedc0f6378888dea671ec307ee99e677fe21d",
            "3a1aec073d4f105d611872c4262481643c19d113438583eb53a8a767a72e7627"
            + "55e2a8c713f5a2bc947b15b84818831743951042020dcd40f189efa6fb5f8a36", IsValid: true),
        new("signed",
            "025e202dfb049a31e086e0f048961a3bb5c915703da942e4f187f08fad885d7254",
            "b526aef1a341cfe6e5c377ed4c222888eeb81f913a107110a867e009c1758f24",
            "78d7281c8d07116eeb6f21f2bcbf14e4f5e3df70830a36eaaa620667d17b5278"
            + "11ffd5bb16beac7a86ebafdba35230a37367751c8fb8654fbd378eadda0509ba", IsValid: true),
        new("signed",
            "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            "84768ddee659efeafdeb972b55143141bc23b6e333c70e8b68d29774ab09a548",
            "85605e1049c981c7162c5a498bfc80b340914dabd12b2f29030f948c58ba039d"
            + "26381b3b1a2a31ce6d2d08b8fb32fbb5b3fe6c2582d797c0cf7ae9d4343493c7", IsValid: true),
        new("another digest",
            "03a23de4741e786742a90880307462e5f565cae79a6d7dde88276385272c5c8b33",
            "74f2bab0f7b496db35967b365a4bedc0f6378888dea671ec307ee99e677fe21c",
            "3a1aec073d4f105d611872c4262481643c19d113438583eb53a8a767a72e7627"
            + "55e2a8c713f5a2bc947b15b84818831743951042020dcd40f189efa6fb5f8a36", IsValid: false),
        new("another key",
            "025e202dfb049a31e086e0f048961a3bb5c915703da942e4f187f08fad885d7254",
            "74f2bab0f7b496db35967b365a4bedc0f6378888dea671ec307ee99e677fe21d",
            "3a1aec073d4f105d611872c4262481643c19d113438583eb53a8a767a72e7627"
            + "55e2a8c713f5a2bc947b15b84818831743951042020dcd40f189efa6fb5f8a36", IsValid: false),
        new("high s",
            "03a23de4741e786742a90880307462e5f565cae79a6d7dde88276385272c5c8b33",
            "74f2bab0f7b496db35967b365a4bedc0f6378888dea671ec307ee99e677fe21d",
            "3a1aec073d4f105d611872c4262481643c19d113438583eb53a8a767a72e7627"
            + "aa1d5738ec0a5d436b84ea47b7e77ce77719cca4ad3ad2face486ee5d4d6b70b", IsValid: false),
        new("r of a bit more",
            "03a23de4741e786742a90880307462e5f565cae79a6d7dde88276385272c5c8b33",
            "74f2bab0f7b496db35967b365a4bedc0f6378888dea671ec307ee99e677fe21d",
            "3a1aec073d4f115d611872c4262481643c19d113438583eb53a8a767a72e7627"
            + "55e2a8c713f5a2bc947b15b84818831743951042020dcd40f189efa6fb5f8a36", IsValid: false),
        new("a digest above n",
            "025e202dfb049a31e086e0f048961a3bb5c915703da942e4f187f08fad885d7254",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "2aecb2a55e3788c8a09594fc354987762213232e1331f21415a83b2d4acc1974"
            + "2dbdc025df4a82440fb507b726d6791ea92dc1c22397affcb2c09a45d54cfdd2", IsValid: true),
        new("r that wrapped past n",
            "02988557e2925a9ba97832806b843ff692d4fd4e0ad2aab5da9b888ddc7f1f0a19",
            "adbf45b08ad6468aa147e5b2a23758ef56ab631a2b70ad52501ca358441a34f3",
            "0000000000000000000000000000000000000000000000000000000000000002"
            + "043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89", IsValid: true),
        new("r that would have wrapped",
            "02988557e2925a9ba97832806b843ff692d4fd4e0ad2aab5da9b888ddc7f1f0a19",
            "adbf45b08ad6468aa147e5b2a23758ef56ab631a2b70ad52501ca358441a34f3",
            "0000000000000000000000000000000000000000000000000000000000000003"
            + "043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89", IsValid: false),
        new("a sum of infinity",
            "03a23de4741e786742a90880307462e5f565cae79a6d7dde88276385272c5c8b33",
            "ad57c9cfb04c1e2d7e56872a1773f18137cfdce0dd1e96251372fea3ba114382",
            "454349e422f05297191ead13e21d3db520e5abef52055e4964b82fb213f593a1"
            + "0000000000000000000000000000000000000000000000000000000000000005", IsValid: false),
        new("equal halves of the sum",
            "03a23de4741e786742a90880307462e5f565cae79a6d7dde88276385272c5c8b33",
            "eceb987cc9ab82ac72c956de74373f1cd92f83fab76286f6f3f83939636c13dc",
            "07347487131e38a039300e39fcc41625e713fe6d6c29582f7737abbbd02ada05"
            + "7f8b068b4b40985537412b6830bd3123979c7a9af94e33677bed9d745cd10168", IsValid: true),
        new("points that meet within the sum",
            "030cec70d0067d34d13dd09ea580d3ce32ad649a617b996a392d85ef727e0c4950",
            "d2eeae4ddab4606eb1a74ee31b8442d464af77739e9eaf3def6557570d80012b",
            "5778956adcabfd87a6973b5b9f9c87eb33b410b4a6923b88307c68d8d121277a"
            + "1806b300bf037290d07595521505912ef2ba51605a20026fb1a7b86e4adcf64f", IsValid: true),
    ];

    /// <summary>A signature with its verdict under the low-s rule.</summary>
    internal sealed record Vector(string Name, string Key, string Digest, string Signature, bool IsValid)
    {
        public SignatureCheck ToCheck() =>
            PublicKey.TryParseHex(Key, out PublicKey? key) && Cryptography.Digest.TryParseHex(Digest, out Digest digest)
            && Cryptography.Signature.TryParseHex(Signature, out Signature signature)
                ? new SignatureCheck(key, digest, signature)
                : throw new InvalidOperationException($"The test signature \"{Name}\" cannot be read.");
    }
}
