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

    /// <summary>A key that a department may replace its validator key by; null where the run has none.</summary>
    public virtual PublicKey? Replacement(int validator) => null;

    /// <summary>Signs with the key that replaced a validator's.</summary>
    public virtual Signature SignAsReplacement(int validator, Digest digest) =>
        throw new InvalidOperationException($"Validator {validator} has no second key in this run.");

    /// <summary>Signs with whichever of a validator's keys it is.</summary>
    public Signature SignWith(PublicKey key, int validator, Digest digest) =>
        key == Set[validator].Key ? Sign(validator, digest) : SignAsReplacement(validator, digest);

    /// <summary>Whose validator key it is, or was; -1: nobody's.</summary>
    public int OwnerOf(PublicKey key)
    {
        for (int i = 0; i < Set.Count; i++)
        {
            if (Set[i].Key == key || Replacement(i) == key)
                return i;
        }
        return -1;
    }

    /// <summary>The key of a department's administrator.</summary>
    public PublicKey Officer(int department) => _officers[department];

    public abstract Signature Sign(int validator, Digest digest);

    public abstract Signature SignAsOfficer(int department, Digest digest);

    public abstract void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results);
}
