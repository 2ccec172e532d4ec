using System.Buffers.Binary;
using System.Numerics;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A deterministic signature scheme for simulation only: 64 bytes of a keyed hash, a hundred thousand times faster than
/// ECDSA and the same bytes every time. Verification needs the secrets, which only this class holds; an adversary has
/// its own index signed for and nothing else.
/// </summary>
internal sealed class SimulatedKeys : ValidatorKeys
{
    private const int ValidatorsMax = 50;

    private static readonly PublicKey[] PublicKeys = FindKeys(3 * ValidatorsMax);

    private readonly Dictionary<PublicKey, ulong> _secrets = [];
    private readonly ulong[] _byIndex;
    private readonly int _count;

    public SimulatedKeys(int validators, ulong seed)
        : base(PublicKeys[..validators], PublicKeys[ValidatorsMax..(ValidatorsMax + validators)])
    {
        _count = validators;
        _byIndex = new ulong[3 * validators];
        for (int i = 0; i < _byIndex.Length; i++)
        {
            _byIndex[i] = Mix(seed ^ Mix((ulong)i + 1));
            _secrets.Add(
                i < validators ? Set[i].Key
                : i < 2 * validators ? Officer(i - validators) : PublicKeys[2 * ValidatorsMax + i - 2 * validators],
                _byIndex[i]);
        }
    }

    public override Signature SignAsOfficer(int department, Digest digest) =>
        Make(_byIndex[_count + department], digest);

    public override PublicKey Replacement(int validator) => PublicKeys[2 * ValidatorsMax + validator];

    public override Signature SignAsReplacement(int validator, Digest digest) =>
        Make(_byIndex[2 * _count + validator], digest);

    public override Signature Sign(int validator, Digest digest) => Make(_byIndex[validator], digest);

    public override void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            results[i] = _secrets.TryGetValue(checks[i].Signer, out ulong secret)
                && Make(secret, checks[i].Digest) == checks[i].Signature;
        }
    }

    private static Signature Make(ulong secret, Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Signature.Size];
        ulong state = secret;
        for (int at = 0; at < Digest.Size; at += 8)
            state = Mix(state ^ BinaryPrimitives.ReadUInt64LittleEndian(digest.Span[at..]));
        for (int at = 0; at < Signature.Size; at += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], Mix(state + secret * (ulong)(at + 1)));
        // Below the group order and in low form, as real signatures are, and never zero.
        bytes[0] = (byte)((bytes[0] & 0x3F) | 1);
        bytes[Digest.Size] = (byte)((bytes[Digest.Size] & 0x3F) | 1);
        if (!Signature.TryParse(bytes, out Signature signature))
            throw new InvalidOperationException("Not in the range of signatures.");
        return signature;
    }

    /// <summary>splitmix64's finaliser, twice, with a multiplication between.</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z = BitOperations.RotateLeft(z ^ (z >> 31), 29) * 0x9E3779B97F4A7C15;
        return z ^ (z >> 32);
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
