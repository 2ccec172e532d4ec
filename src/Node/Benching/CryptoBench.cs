using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Core.Cryptography.Hashing;

namespace GovChain.Node.Benching;

/// <summary>
/// What signatures and Merkle nodes cost on this machine: the engine, by path and size of batch, beside the platform's ECDSA
/// and hash and, where the system has it, libsecp256k1. One run, each in turn, ratios of the best slices.
/// </summary>
internal sealed class CryptoBench : IDisposable
{
    private const int BatchSize = 256, ChecksMax = 1024, Signers = 64, FewSigners = 16;

    // Operations of a slice where no batch sets them: a millisecond or three.
    private const int PlatformSlice = 8, LibrarySlice = 32, AloneSlice = 32, ParseSlice = 64, StrangersKnown = 1 << 16, TableSlice = 4, StrangersSlice = 32;

    // Batches of a slice that is spread over cores: enough for the time in which a core wakes up not to count.
    private const int SpreadBatches = 16;

    private const string OneCore = "enrolled, one core", TwoCores = "enrolled, two cores";

    private static readonly int[] Sizes = [8, 32, 64, ChecksMax];

    // A round is some three seconds: two of them, the second with code that is compiled in full.
    private static readonly TimeSpan RootsTime = TimeSpan.FromSeconds(8);

    private readonly Contest _contest = new();
    private readonly PlatformSignatureVerifier _platform = new();
    private readonly LibSecp256k1? _library = LibSecp256k1.TryLoad();
    private readonly PlatformSigner[] _signers = [.. Enumerable.Range(0, Signers).Select(_ => PlatformSigner.Create())];
    private readonly bool[] _results = new bool[ChecksMax];

    /// <summary>Measures.</summary>
    /// <param name="time">About how long.</param>
    /// <param name="say">Told what is done.</param>
    /// <param name="cancellation">Ends it.</param>
    public CryptoReport Run(TimeSpan time, Action<string> say, CancellationToken cancellation)
    {
        say("Hashing 1,000,000 leaves, each in turn ...");
        TreeContest.AddRootsTo(_contest);
        _contest.Run(RootsTime, cancellation);
        say("Making keys and signatures ...");
        SignatureCheck[] checks = [.. Enumerable.Range(0, ChecksMax).Select(i => Sign(_signers[i % Signers], i))];
        SignatureCheck[] few = [.. Enumerable.Range(0, BatchSize).Select(i => Sign(_signers[i % FewSigners], i))];
        foreach (EnginePath path in Enum.GetValues<EnginePath>().Where(EnginePaths.IsSupported))
            AddPath(path, checks);
        EnginePath best = EnginePaths.Best;
        EngineVerifier engine = Enrolled(best, checks);
        _contest.Add(Enrolled(best, $"{BatchSize}, {FewSigners} signers"), () => Verify(engine, few));
        foreach (int size in Sizes)
            _contest.Add(Enrolled(best, $"{size}"), () => Verify(engine, checks.AsSpan(0, size)));
        if (Environment.ProcessorCount > 1)
            AddTwoCores(engine, checks);
        AddKeys(checks);
        AddOthers(checks);
        TreeContest.AddNodesTo(_contest);
        say("Making two state trees of 1,000,000 keys ...");
        StateContest.AddTo(_contest);
        say($"Measuring for {time.TotalSeconds:F0} s, each in turn ...");
        _contest.Run(time, cancellation);
        return new CryptoReport(best, _library?.Name, _contest.Figures.ToDictionary(), Ratios(best));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _platform.Dispose();
        foreach (PlatformSigner signer in _signers)
            signer.Dispose();
    }

    private static string Enrolled(EnginePath path, string batch) => $"enrolled, {path}, batch of {batch}";

    private static string Unknown(EnginePath path, int batch) => $"no table, {path}, batch of {batch}";

    private static string Alone(EnginePath path) => $"enrolled, {path}, one alone";

    private void AddPath(EnginePath path, SignatureCheck[] checks)
    {
        EngineVerifier engine = Enrolled(path, checks);
        _contest.Add(Enrolled(path, $"{BatchSize}"), () => Verify(engine, checks.AsSpan(0, BatchSize)));
        // A new engine each time knows nobody, and four signatures of a signer earn no table.
        int batch = path == EnginePath.Portable ? StrangersSlice : BatchSize;
        _contest.Add(Unknown(path, batch), () => Verify(new EngineVerifier(path), checks.AsSpan(0, batch)));
        _contest.Add(Alone(path), () =>
        {
            for (int i = 0; i < AloneSlice; i++)
                Verify(engine, checks.AsSpan(i, 1));
            return AloneSlice;
        });
    }

    private void AddTwoCores(EngineVerifier engine, SignatureCheck[] checks)
    {
        int half = checks.Length / 2;
        _contest.Add(OneCore, () => Repeat(0, checks.Length, SpreadBatches));
        _contest.Add(TwoCores, () =>
        {
            int other = 0, own = 0;
            Parallel.Invoke(
                () => other = Repeat(half, half, SpreadBatches),
                () => own = Repeat(0, half, SpreadBatches));
            return own + other;
        });

        int Repeat(int start, int count, int times)
        {
            int whole = 0;
            for (int i = 0; i < times; i++)
            {
                Span<bool> results = _results.AsSpan(start, count);
                engine.Verify(checks.AsSpan(start, count), results);
                whole += Whole(results);
            }
            return whole;
        }
    }

    private void AddKeys(SignatureCheck[] checks)
    {
        // More keys than are remembered, in turn: none is known when its turn comes.
        ReadOnlyMemory<byte>[] strangers = Strangers();
        var parsed = new PublicKey?[BatchSize];
        int next = 0;
        _contest.Add(CryptoReport.Decompression, () =>
        {
            next = (next + BatchSize) % strangers.Length;
            PublicKey.ParseAll(strangers.AsSpan(next, BatchSize), parsed);
            return Array.IndexOf(parsed, null) >= 0 ? throw new InvalidOperationException("A key was refused.") : BatchSize;
        });
        _contest.Add(CryptoReport.DecompressionAlone, () =>
        {
            next = (next + BatchSize) % strangers.Length;
            foreach (ReadOnlyMemory<byte> key in strangers.AsSpan(next, ParseSlice))
                PublicKey.TryParse(key.Span, out _);
            return ParseSlice;
        });
        _contest.Add(CryptoReport.Table, () =>
        {
            var engine = new EngineVerifier(EnginePath.Portable);
            foreach (SignatureCheck check in checks.AsSpan(0, TableSlice))
                engine.Enrol(check.Signer);
            return TableSlice;
        });
    }

    private static ReadOnlyMemory<byte>[] Strangers()
    {
        byte[] seed = RandomNumberGenerator.GetBytes(PublicKey.Size);
        seed[0] = 2;
        var candidates = new ReadOnlyMemory<byte>[3 * StrangersKnown];
        for (int i = 0; i < candidates.Length; i++)
        {
            byte[] candidate = [.. seed];
            BinaryPrimitives.WriteInt32BigEndian(candidate.AsSpan(^4), i);
            candidates[i] = candidate;
        }
        // Of every two numbers about one is an x of the curve.
        var keys = new PublicKey?[candidates.Length];
        PublicKey.ParseAll(candidates, keys);
        return [.. candidates.Where((_, i) => keys[i] is not null).Take(StrangersKnown)];
    }

    private void AddOthers(SignatureCheck[] checks)
    {
        _contest.Add(CryptoReport.Platform, () => Verify(_platform, checks.AsSpan(0, PlatformSlice)));
        if (_library is null)
            return;
        LibSecp256k1.Parsed[] parsed = [.. checks.Take(LibrarySlice).Select(c => _library.Parse(c))];
        _contest.Add(CryptoReport.Library, () => Whole([.. parsed.Select(_library.Verify)]));
        _contest.Add(CryptoReport.LibraryParse, () => Whole([.. parsed.Select(_library.ParseAndVerify)]));
    }

    private Dictionary<string, double?> Ratios(EnginePath best) => new()
    {
        ["enrolledVsLibsecp256k1"] = _contest.Ratio(CryptoReport.Library, Enrolled(best, $"{BatchSize}")),
        ["unknownVsLibsecp256k1"] =
            _contest[CryptoReport.LibraryParse] / (_contest[CryptoReport.Decompression] + _contest[Unknown(best, best == EnginePath.Portable ? StrangersSlice : BatchSize)]),
        ["singleVsLibsecp256k1"] = _contest.Ratio(CryptoReport.Library, Alone(EnginePath.Portable)),
        ["enrolledVsPlatform"] = _contest.Ratio(CryptoReport.Platform, Enrolled(best, $"{BatchSize}")),
        ["innerNodesVsPlatform"] = _contest.Ratio(TreeContest.Nodes(HashPath.Platform), TreeContest.Nodes(Sha256Batch.Best)),
        ["innerNodesAvx2VsPlatform"] = _contest.Ratio(TreeContest.Nodes(HashPath.Platform), TreeContest.Nodes(HashPath.Avx2)),
        ["merkleRootVsPlatform"] = _contest.Ratio(TreeContest.PlatformRoot, TreeContest.Root),
        ["merkleRootAvx2VsPlatform"] = _contest.Ratio(TreeContest.PlatformRoot, TreeContest.RootOn(HashPath.Avx2)),
        ["stateTreeVsSimple"] = _contest.Ratio(StateContest.SimpleChecked, StateContest.Tree),
        ["stateTreeVsSimpleInMemory"] = _contest.Ratio(StateContest.Simple, StateContest.Tree),
        ["twoCoresVsOne"] = _contest.MedianRatio(OneCore, TwoCores),
    };

    private static EngineVerifier Enrolled(EnginePath path, SignatureCheck[] checks)
    {
        var engine = new EngineVerifier(path);
        foreach (SignatureCheck check in checks.AsSpan(0, Signers))
            engine.Enrol(check.Signer);
        return engine;
    }

    private static SignatureCheck Sign(PlatformSigner signer, int number)
    {
        Digest digest = Sha256.Hash(BitConverter.GetBytes(number));
        return new SignatureCheck(signer.PublicKey, digest, signer.Sign(digest));
    }

    private int Verify(ISignatureVerifier verifier, ReadOnlySpan<SignatureCheck> checks)
    {
        Span<bool> results = _results.AsSpan(0, checks.Length);
        verifier.Verify(checks, results);
        return Whole(results);
    }

    // Who refused its work would look fast.
    private static int Whole(ReadOnlySpan<bool> results) => results.Contains(false)
        ? throw new InvalidOperationException("A valid signature was refused.") : results.Length;
}
