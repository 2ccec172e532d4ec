using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>What two votes of one validator prove. The numbers stand in files and on the wire: frozen.</summary>
public enum EvidenceKind : byte
{
    /// <summary>Two contents under one type, height and view.</summary>
    DoubleVote = 1,

    /// <summary>A Commit, and a view change for a later view of the height that does not name what was committed.</summary>
    BrokenCommit = 2,
}

/// <summary>What a validator did wrong, whatever the signatures and hashes: of one offence one piece of evidence is enough.
/// </summary>
/// <param name="Signer">The validator's key.</param>
/// <param name="Epoch">The epoch of the votes.</param>
/// <param name="Height">Their height.</param>
/// <param name="Kind">What they prove.</param>
/// <param name="Type">The type of the first vote.</param>
public readonly record struct Offence(PublicKey Signer, ulong Epoch, ulong Height, EvidenceKind Kind, VoteType Type);

/// <summary>
/// Two signed votes of one validator that no honest one signs both (docs/SPEC.md, "Evidence"). An instance proves what it
/// says if both signatures are the signer's.
/// </summary>
public sealed class Evidence : IEquatable<Evidence>
{
    /// <summary>The layout's version.</summary>
    public const ushort FormatVersion = 1;

    /// <summary>The encoding's length in bytes.</summary>
    public const int Size = 2 + 1 + Cryptography.Digest.Size + PublicKey.Size + 8 + 8 + 2 * VoteSize;

    private const int VoteSize = 1 + 4 + Cryptography.Digest.Size + 4 + Signature.Size;

    private readonly byte[] _bytes;

    private Evidence(EvidenceKind kind, Digest chainId, PublicKey signer, SignedVote first, SignedVote second)
    {
        (Kind, ChainId, Signer, First, Second) = (kind, chainId, signer, first, second);
        _bytes = Encode();
        Id = DomainTag.Hash(DomainTag.Evidence, _bytes);
    }

    /// <summary>What it proves.</summary>
    public EvidenceKind Kind { get; }

    /// <summary>The ledger.</summary>
    public Digest ChainId { get; }

    /// <summary>Whose votes they are.</summary>
    public PublicKey Signer { get; }

    /// <summary>Of two contents the lesser, by hash, then by prepared view; else the Commit.</summary>
    public SignedVote First { get; }

    /// <summary>The other vote.</summary>
    public SignedVote Second { get; }

    /// <summary>SHA-256(tag | bytes).</summary>
    public Digest Id { get; }

    /// <summary>The epoch of both votes.</summary>
    public ulong Epoch => First.Epoch;

    /// <summary>The height of both votes.</summary>
    public ulong Height => First.Height;

    /// <summary>The two signatures that make it proof.</summary>
    public SignatureCheck[] SignatureChecks =>
    [
        new(Signer, First.VoteOn(ChainId).SigningDigest(), First.Signature),
        new(Signer, Second.VoteOn(ChainId).SigningDigest(), Second.Signature),
    ];

    /// <summary>What it is evidence of.</summary>
    public Offence Offence => new(Signer, Epoch, Height, Kind, First.Type);

    /// <summary>
    /// The evidence that two votes of one validator are, in whichever order; null if an honest validator may sign both.
    /// What is signed is compared, never signatures, which differ each time.
    /// </summary>
    public static Evidence? Of(Digest chainId, PublicKey signer, in SignedVote a, in SignedVote b)
    {
        if (a.Epoch != b.Epoch || a.Height != b.Height)
            return null;
        if (a.Type == b.Type && a.View == b.View)
        {
            int order = (a.BlockHash, a.PreparedView).CompareTo((b.BlockHash, b.PreparedView));
            return order == 0 ? null : order < 0
                ? new Evidence(EvidenceKind.DoubleVote, chainId, signer, a, b)
                : new Evidence(EvidenceKind.DoubleVote, chainId, signer, b, a);
        }
        if (BreaksCommit(a, b))
            return new Evidence(EvidenceKind.BrokenCommit, chainId, signer, a, b);
        return BreaksCommit(b, a) ? new Evidence(EvidenceKind.BrokenCommit, chainId, signer, b, a) : null;
    }

    /// <summary>
    /// Whether a view change denies a Commit of its signer. Who commits in a view holds that view's prepared certificate, so
    /// whatever later view it asks for, it names that view or a newer one; of that view only one block can be prepared.
    /// </summary>
    private static bool BreaksCommit(in SignedVote commit, in SignedVote change) =>
        commit.Type == VoteType.Commit && change.Type == VoteType.ViewChange && change.View > commit.View
        && (change.PreparedView < commit.View
            || (change.PreparedView == commit.View && change.BlockHash != commit.BlockHash));

    /// <summary>
    /// version u16 | kind u8 | chain id | signer | epoch u64 | height u64 | twice: type u8 | view u32 | block hash |
    /// prepared view + 1 as u32 | signature.
    /// </summary>
    public byte[] ToBytes() => [.. _bytes];

    /// <summary>Reads exactly one piece of evidence in its one encoding; null for anything else. Whether the signatures are
    /// the signer's is not looked at.</summary>
    public static Evidence? TryRead(ReadOnlySpan<byte> bytes)
    {
        var r = new BigEndianReader(bytes);
        if (bytes.Length != Size || r.U16() != FormatVersion)
            return null;
        var kind = (EvidenceKind)r.U8();
        Digest chainId = r.Digest();
        if (!PublicKey.TryParse(r.Take(PublicKey.Size), out PublicKey? signer))
            return null;
        (ulong epoch, ulong height) = (r.U64(), r.U64());
        if (!TryReadVote(ref r, epoch, height, out SignedVote first) || !TryReadVote(ref r, epoch, height, out SignedVote second))
            return null;
        Evidence? read = Of(chainId, signer, first, second);
        return read?.Kind == kind && read._bytes.AsSpan().SequenceEqual(bytes) ? read : null;
    }

    /// <inheritdoc/>
    public bool Equals(Evidence? other) => other is not null && Id == other.Id;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Evidence);

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode();

    private static bool TryReadVote(ref BigEndianReader r, ulong epoch, ulong height, out SignedVote vote)
    {
        (var type, uint view, Digest hash, long prepared) = ((VoteType)r.U8(), r.U32(), r.Digest(), (long)r.U32() - 1);
        bool read = Signature.TryParse(r.Take(Signature.Size), out Signature signature) && signature.IsLowS
            && type is >= VoteType.Propose and <= VoteType.ViewChange && (prepared == -1 || type == VoteType.ViewChange);
        vote = new SignedVote(type, epoch, height, view, hash, prepared, signature);
        return read;
    }

    private byte[] Encode()
    {
        byte[] bytes = new byte[Size];
        var w = new BigEndianWriter(bytes);
        w.U16(FormatVersion);
        w.U8((byte)Kind);
        w.Digest(ChainId);
        w.Bytes(Signer.Span);
        w.U64(Epoch);
        w.U64(Height);
        foreach (SignedVote vote in new[] { First, Second })
        {
            w.U8((byte)vote.Type);
            w.U32(vote.View);
            w.Digest(vote.BlockHash);
            w.U32(checked((uint)(vote.PreparedView + 1)));
            w.Bytes(vote.Signature.Span);
        }
        return bytes;
    }
}
