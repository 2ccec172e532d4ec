using GovChain.Client.Keys;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Simulation;

/// <summary>Real keys, as departments have them. Their signatures are random, so a run is not the same twice.</summary>
internal sealed class EcdsaKeys : ValidatorKeys, IDisposable
{
    private readonly PlatformSigner[] _validators;
    private readonly PlatformSigner[] _officers;
    private readonly PlatformSignatureVerifier _verifier = new();

    private EcdsaKeys(PlatformSigner[] validators, PlatformSigner[] officers)
        : base([.. validators.Select(s => s.PublicKey)], [.. officers.Select(s => s.PublicKey)])
    {
        _validators = validators;
        _officers = officers;
    }

    public static EcdsaKeys Create(int validators) => new(Signers(validators), Signers(validators));

    public override Signature Sign(int validator, Digest digest) => _validators[validator].Sign(digest);

    public override Signature SignAsOfficer(int department, Digest digest) => _officers[department].Sign(digest);

    public override void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results) =>
        _verifier.Verify(checks, results);

    public void Dispose()
    {
        Array.ForEach(_validators, s => s.Dispose());
        Array.ForEach(_officers, s => s.Dispose());
        _verifier.Dispose();
    }

    private static PlatformSigner[] Signers(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => PlatformSigner.Create())];
}
