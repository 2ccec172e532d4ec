using System.Buffers.Binary;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>What a department did wrong, by the fields of which one piece of evidence is enough.</summary>
internal readonly record struct OffenceShadow(ulong Epoch, ulong Height, uint Kind, uint Type);

/// <summary>The bytes of evidence, read by docs/SPEC.md, "Evidence", once more.</summary>
internal sealed class EvidenceReading
{
    private const int Votes = 2 + 1 + 32 + 33 + 8 + 8, VoteBytes = 1 + 4 + 32 + 4 + 64;

    private readonly byte[] _bytes;

    public EvidenceReading(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    public ReadOnlySpan<byte> ChainId => _bytes.AsSpan(3, 32);

    public PublicKey Signer => RuleShadow.KeyOf(_bytes.AsSpan(35, 33));

    public ulong Height => BinaryPrimitives.ReadUInt64BigEndian(_bytes.AsSpan(76));

    public OffenceShadow Offence => new(BinaryPrimitives.ReadUInt64BigEndian(_bytes.AsSpan(68)), Height, _bytes[2], _bytes[Votes]);

    /// <summary>Whether no honest validator signs both votes.</summary>
    public bool Proves
    {
        get
        {
            (byte type, uint view, byte[] hash, uint prepared) = Vote(0);
            (byte otherType, uint otherView, byte[] otherHash, uint otherPrepared) = Vote(1);
            bool differs = !hash.AsSpan().SequenceEqual(otherHash);
            return _bytes.Length == Votes + 2 * VoteBytes && (_bytes[0], _bytes[1]) == (0, 1) && _bytes[2] switch
            {
                1 => type == otherType && view == otherView && (differs || prepared != otherPrepared),
                2 => type == (byte)VoteType.Commit && otherType == (byte)VoteType.ViewChange && otherView > view
                    && (otherPrepared < view + 1 || (otherPrepared == view + 1 && differs)),
                _ => false,
            };
        }
    }

    /// <summary>Of a vote, 0 or 1.</summary>
    public ReadOnlySpan<byte> Signature(int vote) => _bytes.AsSpan(Votes + (vote + 1) * VoteBytes - 64, 64);

    private (byte Type, uint View, byte[] Hash, uint Prepared) Vote(int vote)
    {
        Span<byte> at = _bytes.AsSpan(Votes + vote * VoteBytes);
        return (at[0], BinaryPrimitives.ReadUInt32BigEndian(at[1..]), at.Slice(5, 32).ToArray(), BinaryPrimitives.ReadUInt32BigEndian(at[37..]));
    }
}
