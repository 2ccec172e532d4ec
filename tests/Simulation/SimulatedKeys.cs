using System.Buffers.Binary;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A deterministic signature scheme for simulation only: 64 bytes of keyed hash. Verification needs the secrets, which
/// only this class holds; an adversary is handed a signer for its own index and nothing else.
/// </summary>
internal sealed class SimulatedKeys : ISignatureVerifier
{
    private const int ValidatorsMax = 7;

    private static readonly PublicKey[] PublicKeys = FindKeys(2 * ValidatorsMax);

    private readonly Dictionary<PublicKey, byte[]> _secrets = [];

    public SimulatedKeys(int validators, ulong seed)
    {
        var members = new Validator[validators];
        for (int i = 0; i < validators; i++)
        {
            byte[] secret = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(secret, seed);
            BinaryPrimitives.WriteInt32LittleEndian(secret.AsSpan(8), i);
            members[i] = new Validator($"d{i}", PublicKeys[i]);
            _secrets[PublicKeys[i]] = secret;
            _secrets[Officer(i)] = [.. secret, 1];
        }
        Set = new ValidatorSet(members);
    }

    public ValidatorSet Set { get; }

    /// <summary>The key of a department's administrator.</summary>
    public PublicKey Officer(int department) => PublicKeys[ValidatorsMax + department];

    public Signature SignAsOfficer(int department, Digest digest) => Make(_secrets[Officer(department)], digest);

    public Signature Sign(int validator, Digest digest) => Make(_secrets[Set[validator].Key], digest);

    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            results[i] = _secrets.TryGetValue(checks[i].Signer, out byte[]? secret)
                && Make(secret, checks[i].Digest) == checks[i].Signature;
        }
    }

    private static Signature Make(byte[] secret, Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Signature.Size];
        Digest r = Sha256.Hash(secret, digest.Span);
        Digest s = Sha256.Hash(secret, r.Span);
        r.CopyTo(bytes);
        s.CopyTo(bytes[Digest.Size..]);
        // Below the group order and in low form, as real signatures are.
        bytes[0] &= 0x3F;
        bytes[Digest.Size] &= 0x3F;
        if (!Signature.TryParse(bytes, out Signature signature))
            throw new InvalidOperationException("A hash of zero.");
        return signature;
    }

    private static PublicKey[] FindKeys(int count)
    {
        var keys = new List<PublicKey>();
        byte[] candidate = new byte[PublicKey.Size];
        for (int i = 0; keys.Count < count; i++)
        {
            candidate[0] = 2;
            Sha256.Hash(BitConverter.GetBytes(i)).CopyTo(candidate.AsSpan(1));
            if (PublicKey.TryParse(candidate, out PublicKey? key))
                keys.Add(key);
        }
        return [.. keys];
    }
}
