using BenchmarkDotNet.Attributes;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
#if WITH_NBITCOIN
using GovChain.Tests.Unit.Cryptography;
#endif

namespace GovChain.Bench;

/// <summary>What a batch of signatures costs: made and verified, from 16 signers in turn, on one thread.</summary>
[MemoryDiagnoser]
public class SignatureBenchmarks
{
    private const int Signers = 16;

    private readonly PlatformSigner[] _signers = [.. Enumerable.Range(0, Signers).Select(_ => PlatformSigner.Create())];
    private readonly PlatformSignatureVerifier _platform = new();
    private SignatureCheck[] _checks = [];
    private bool[] _results = [];

    /// <summary>Signatures in a batch.</summary>
    [Params(1, 64, 256, 1024)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _results = new bool[Batch];
        _checks = new SignatureCheck[Batch];
        for (int i = 0; i < Batch; i++)
        {
            Digest digest = Sha256.Hash(BitConverter.GetBytes(i));
            PlatformSigner signer = _signers[i % Signers];
            _checks[i] = new SignatureCheck(signer.PublicKey, digest, signer.Sign(digest));
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _platform.Dispose();
        foreach (PlatformSigner signer in _signers)
            signer.Dispose();
    }

    /// <summary>Verification by the platform.</summary>
    [Benchmark(Baseline = true)]
    public int PlatformVerify() => CountValid(_platform);

    private readonly EngineVerifier _engine = new(EnginePaths.Best);

    /// <summary>Verification by the engine, which soon has tables for these signers.</summary>
    [Benchmark]
    public int EngineVerify() => CountValid(_engine);

    private readonly EngineVerifier _portable = new(EnginePath.Portable);

    /// <summary>Verification by the engine's portable path.</summary>
    [Benchmark]
    public int PortableVerify() => CountValid(_portable);

    private readonly BouncyCastleVerifier _bouncyCastle = new();

    /// <summary>Verification by BouncyCastle, which keeps the keys it has parsed.</summary>
    [Benchmark]
    public int BouncyCastleVerify() => CountValid(_bouncyCastle);

    /// <summary>Signing by the platform.</summary>
    [Benchmark]
    public Signature PlatformSign()
    {
        Signature last = default;
        for (int i = 0; i < _checks.Length; i++)
            last = _signers[i % Signers].Sign(_checks[i].Digest);
        return last;
    }

#if WITH_NBITCOIN
    private readonly NBitcoinVerifier _nbitcoin = new();

    /// <summary>Verification by NBitcoin.Secp256k1.</summary>
    [Benchmark]
    public int NBitcoinVerify() => CountValid(_nbitcoin);
#endif

    // A verifier that refused its work would look fast.
    private int CountValid(ISignatureVerifier verifier)
    {
        verifier.Verify(_checks, _results);
        int valid = _results.AsSpan().Count(true);
        return valid == _checks.Length ? valid : throw new InvalidOperationException("A valid signature was refused.");
    }
}
