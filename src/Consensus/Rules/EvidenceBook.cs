using System.Buffers.Binary;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// The evidence a node holds: one piece for each offence, and of each validator at most <see cref="PiecesMax"/>, which is
/// enough to judge it by.
/// </summary>
internal sealed class EvidenceBook
{
    /// <summary>Pieces kept of one validator: the first that came.</summary>
    public const int PiecesMax = 64;

    private readonly ValidatorSet _set;
    private readonly HashSet<Offence> _offences = [];
    private readonly int[] _pieces;
    private readonly List<Evidence> _all = [];

    public EvidenceBook(ConsensusConfig config, IReadOnlyList<Evidence> known)
    {
        _set = config.Validators;
        _pieces = new int[_set.Count];
        foreach (Evidence evidence in known)
            TryAdd(evidence);
    }

    /// <summary>All of it, in the order in which it came.</summary>
    public IReadOnlyList<Evidence> All => _all;

    /// <summary>Equal on nodes that know of the same offences, nearly always different otherwise; 0 when there are none.
    /// </summary>
    public ulong Sum { get; private set; }

    /// <summary>Takes evidence that verifies; false when the offence is known, the validator has enough already, or is none.
    /// </summary>
    public bool TryAdd(Evidence evidence)
    {
        int validator = _set.IndexOf(evidence.Signer);
        if (validator < 0 || _pieces[validator] == PiecesMax || !_offences.Add(evidence.Offence))
            return false;
        _pieces[validator]++;
        _all.Add(evidence);
        Sum ^= SumOf(evidence.Offence);
        return true;
    }

    private static ulong SumOf(in Offence offence)
    {
        byte[] bytes = new byte[PublicKey.Size + 8 + 8 + 1 + 1];
        var w = new BigEndianWriter(bytes);
        w.Bytes(offence.Signer.Span);
        w.U64(offence.Epoch);
        w.U64(offence.Height);
        w.U8((byte)offence.Kind);
        w.U8((byte)offence.Type);
        Digest hash = DomainTag.Hash(DomainTag.Evidence, bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(hash.Span);
    }
}
