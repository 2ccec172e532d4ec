using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>The keys of validators d00, d01 ... and of one administrator in each department, behind the signature seam.
/// </summary>
internal abstract class ValidatorKeys : ISignatureVerifier
{
    private readonly PublicKey[] _officers;

    protected ValidatorKeys(IReadOnlyList<PublicKey> validators, IReadOnlyList<PublicKey> officers)
    {
        Set = new ValidatorSet(validators.Select((key, i) => new Validator($"d{i:D2}", key)));
        _officers = [.. officers];
    }

    public ValidatorSet Set { get; }

    /// <summary>The key of a department's administrator.</summary>
    public PublicKey Officer(int department) => _officers[department];

    public abstract Signature Sign(int validator, Digest digest);

    public abstract Signature SignAsOfficer(int department, Digest digest);

    public abstract void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results);
}
