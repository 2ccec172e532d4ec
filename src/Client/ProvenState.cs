using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Client;

/// <summary>
/// Values of a ledger's newest state, as one node gave them, for the ledger's own rules to read. The node need not be
/// believed: each value is proven under a header that the departments of its epoch certified, and who these are follows
/// from the genesis. How new the state is, the node says alone.
/// </summary>
/// <remarks>Only what was fetched can be read. Belongs to one caller.</remarks>
internal sealed class ProvenState : ILedgerView
{
    private readonly Genesis _genesis;
    private readonly ISignatureVerifier _signatures;
    private readonly Dictionary<StateKey, ReadOnlyMemory<byte>?> _values = [];
    private BlockHeader? _tip;

    internal ProvenState(Genesis genesis, ValidatorHistory history, ISignatureVerifier signatures) =>
        (_genesis, History, _signatures) = (genesis, history, signatures);

    /// <summary>Who certifies the blocks of every height up to the next one's.</summary>
    public ValidatorHistory History { get; }

    /// <inheritdoc/>
    public BlockHeader Tip => _tip ?? throw new InvalidOperationException("Nothing was fetched.");

    /// <summary>Not fetched.</summary>
    public LogFrontier Frontier => throw new NotSupportedException("The log was not fetched.");

    /// <summary>Follows the departments from the genesis on and fetches who votes now.</summary>
    /// <param name="client">The node.</param>
    /// <param name="chainId">The ledger, from a source that is trusted.</param>
    /// <param name="signatures">Checks the certificates.</param>
    /// <param name="cancellation">Ends the asking.</param>
    /// <exception cref="LedgerClientException">The node refuses, cannot be reached, or what it says is not proven.</exception>
    public static async Task<ProvenState> OpenAsync(
        LedgerClient client, Digest chainId, ISignatureVerifier signatures, CancellationToken cancellation)
    {
        Genesis? genesis = Genesis.TryDecode((await client.GetGenesisAsync(cancellation)).Body.Memory, out GenesisFailure? failure);
        if (genesis?.ChainId != chainId)
            throw LedgerClientException.Unproven(client.Node, failure?.Message ?? $"its genesis is that of the ledger {genesis!.ChainId}");
        GetStateProofResponse membership = await client.GetStateProofAsync(StateKey.Membership, cancellation);
        var ends = new List<EpochEnd>();
        foreach (MembershipEntry change in ChangesIn(membership, client.Node))
        {
            CertifiedHeader header = await client.GetHeaderAsync(change.Height, cancellation);
            if (BlockHeader.TryRead(header.Header.Span) is not { } read || Certificate.TryRead(header.Certificate.Span) is not { } certificate)
                throw LedgerClientException.Unproven(client.Node, $"the header of block {change.Height} cannot be read");
            PublicKey.TryParse(change.NewKey.Span, out PublicKey? key);
            ends.Add(new EpochEnd(new CertifiedBlock(read, certificate), change.Department, key));
        }
        ValidatorHistory history = EpochChain.Follow(
            chainId, new ValidatorHistory(genesis.Validators, null), ends, signatures, out string? problem)
            ?? throw LedgerClientException.Unproven(client.Node, problem!);
        var state = new ProvenState(genesis, history, signatures);
        state.Take(client.Node, StateKey.Membership, membership);
        await state.FetchAsync(client, [StateKey.Leader], cancellation);
        return state;
    }

    /// <summary>As new: nothing fetched, under the same departments.</summary>
    internal ProvenState Begin() => new(_genesis, History, _signatures);

    /// <summary>Fetches values that are not here yet.</summary>
    /// <param name="client">The node.</param>
    /// <param name="keys">Their names.</param>
    /// <param name="cancellation">Ends the asking.</param>
    /// <param name="orTold">Takes the node's word that a value is not there, where it proves that to officers alone.</param>
    /// <exception cref="LedgerClientException">The node refuses, cannot be reached, or what it says is not proven; or the
    /// departments that vote have changed since the first answer.</exception>
    public async Task FetchAsync(LedgerClient client, IEnumerable<StateKey> keys, CancellationToken cancellation, bool orTold = false)
    {
        foreach (StateKey key in keys.Where(key => !_values.ContainsKey(key)))
        {
            try
            {
                Take(client.Node, key, await client.GetStateProofAsync(key, cancellation));
            }
            catch (LedgerClientException e) when (orTold && e.Status == StatusCode.Unauthenticated)
            {
                _values[key] = null;
            }
        }
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? GetState(StateKey key) => _values.TryGetValue(key, out ReadOnlyMemory<byte>? value)
        ? value
        : throw new InvalidOperationException($"{key} was not fetched.");

    /// <summary>Not fetched.</summary>
    public TransactionLocation? FindTransaction(Digest transactionId) => throw new NotSupportedException("The index was not fetched.");

    /// <summary>Not fetched.</summary>
    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => throw new NotSupportedException("The tree was not fetched.");

    /// <summary>Not fetched.</summary>
    public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => throw new NotSupportedException("The log was not fetched.");

    /// <summary>Takes an answer, once it is proven.</summary>
    internal void Take(Uri node, StateKey key, GetStateProofResponse answer)
    {
        if (BlockHeader.TryRead((answer.Header?.Header ?? ByteString.Empty).Span) is not { } header || header.ChainId != _genesis.ChainId)
            throw LedgerClientException.Unproven(node, "its newest header is none of this ledger");
        if (header.NextEpoch != History.Epoch)
            throw LedgerClientException.Changed(node);
        // A quorum of an epoch that is over may be in other hands by now: what it can still sign has no place in the chain.
        if (header.Epoch != History.EpochAt(header.Height) || (header.Height < ulong.MaxValue && header.NextEpoch != History.EpochAt(header.Height + 1)))
            throw LedgerClientException.Unproven(node, $"block {header.Height} is none of epoch {header.Epoch}, whose departments certified it");
        if (!IsCertified(header, answer.Header!.Certificate.Span))
            throw LedgerClientException.Unproven(node, $"the departments did not certify the header of block {header.Height}");
        ReadOnlyMemory<byte>? value = answer.Proof is { Value.IsEmpty: false } given ? given.Value.Memory : (ReadOnlyMemory<byte>?)null;
        if (PathOf(answer.Proof) is not { } path || !IsProven(header, key, value, path))
            throw LedgerClientException.Unproven(node, $"the path of {key} does not lead to the state of block {header.Height}");
        _values[key] = value;
        if (_tip is null || header.Height > _tip.Height)
            _tip = header;
    }

    private bool IsCertified(BlockHeader header, ReadOnlySpan<byte> certificate)
    {
        if (header.Height == 0)
            return header.Hash == _genesis.Block.Header.Hash;
        return header.NextValidatorSetHash == History.Acting.Hash
            && History.OfEpoch(header.Epoch) is { } set
            && Certificate.TryRead(certificate) is { } read
            && CertificateVerifier.Verify(header, read, set, _signatures) == CertificateFailure.None;
    }

    private static bool IsProven(BlockHeader header, StateKey key, ReadOnlyMemory<byte>? value, StatePath path) => (value is { } bytes
        ? StateVerifier.VerifyPresence(header.StateRoot, key.TreeKey, Sha256.Hash(bytes.Span), path)
        : StateVerifier.VerifyAbsence(header.StateRoot, key.TreeKey, path)) == StateProofFailure.None;

    private static StatePath? PathOf(StateProof? proof)
    {
        if (proof is null || proof.Siblings.Count > StateVerifier.PathLengthMax || proof.Siblings.Any(static s => s.Length != Digest.Size))
            return null;
        Digest[] siblings = [.. proof.Siblings.Select(static s => new Digest(s.Span))];
        if (!proof.Value.IsEmpty)
            return new StatePath(StatePathKind.Presence, siblings);
        if (proof.OtherLeafKey.IsEmpty)
            return new StatePath(StatePathKind.AbsenceEmpty, siblings);
        return proof.OtherLeafKey.Length == Digest.Size && proof.OtherLeafValueDigest.Length == Digest.Size
            ? new StatePath(
                StatePathKind.AbsenceOtherLeaf, siblings, new Digest(proof.OtherLeafKey.Span), new Digest(proof.OtherLeafValueDigest.Span))
            : null;
    }

    /// <summary>The changes that the node says there were; proven afterwards, by the headers and by the state.</summary>
    private static IReadOnlyList<MembershipEntry> ChangesIn(GetStateProofResponse answer, Uri node)
    {
        ByteString value = answer.Proof?.Value ?? ByteString.Empty;
        if (value.IsEmpty)
            return [];
        if (WireProfile.Check<MembershipState>(value.Span, value.Length) is not null)
            throw LedgerClientException.Unproven(node, "its list of changes cannot be read");
        return MembershipState.Parser.ParseFrom(value) is { Changes.Count: <= Limits.MembershipChangesMax } state
            ? state.Changes
            : throw LedgerClientException.Unproven(node, "there cannot be so many changes");
    }
}
