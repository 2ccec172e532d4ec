using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Storage;

namespace GovChain.Node.Benching;

/// <summary>
/// A ledger that was not voted on: blocks of real transactions, executed by the rules, each certified by a quorum of the
/// departments' own keys, with the header times that are wanted. A long history for a measurement comes so in minutes.
/// </summary>
/// <param name="genesis">The ledger's beginning.</param>
/// <param name="validators">The departments' keys; a quorum of every set that acts.</param>
internal sealed class GeneratedLedger(Genesis genesis, IEnumerable<ISigner> validators)
{
    private readonly Dictionary<PublicKey, ISigner> _validators = validators.ToDictionary(static v => v.PublicKey);
    private ValidatorSet _acting = genesis.Validators;

    /// <summary>Appends the next block.</summary>
    /// <param name="store">The ledger; genesis is stored where it is empty.</param>
    /// <param name="timestampMs">The header's time, greater than the newest one's.</param>
    /// <param name="envelopes">Its transactions, signed by whoever calls.</param>
    /// <exception cref="InvalidOperationException">One of the transactions is not valid there.</exception>
    public BlockHeader Append(LedgerStore store, ulong timestampMs, IEnumerable<ReadOnlyMemory<byte>> envelopes)
    {
        if (store.IsEmpty)
            store.Append(genesis.Block, certificate: null);
        var transactions = new List<Transaction>();
        foreach (ReadOnlyMemory<byte> envelope in envelopes)
        {
            transactions.Add(TransactionDecoder.TryDecode(envelope, genesis.ChainId, out Rejection? rejection)
                ?? throw new InvalidOperationException(rejection!.Message));
        }
        BuiltBlock built = BlockExecutor.Build(
            store.Current, _acting, timestampMs, proposer: 0,
            VerifiedTransaction.VerifyAll(transactions, JustSigned.Instance)!);
        if (built.LeftOut.Count > 0 || built.Block is not { } block)
            throw new InvalidOperationException($"A generated transaction is refused: {built.LeftOut[0].Rejection.Message}");
        store.Append(block, Certify(block.Header));
        if (block.Header.NextValidatorSetHash != _acting.Hash)
            _acting = ValidatorHistory.Of(genesis, store.Current).Acting;
        return block.Header;
    }

    /// <summary>
    /// The vote journal of a node that has stored everything up to a block and has signed nothing after it.
    /// </summary>
    public static void WriteJournal(DataDirectory directory, BlockHeader tip)
    {
        using VoteJournal journal = VoteJournal.Create(directory);
        journal.Append(JournalFrame.Encode(JournalBridge.MarkOf(tip)));
        journal.Sync();
    }

    private Certificate Certify(BlockHeader header)
    {
        Digest digest = new Vote(VoteType.Commit, genesis.ChainId, header.Epoch, header.Height, 0, header.Hash).SigningDigest();
        var signatures = new List<ValidatorSignature>();
        for (int i = 0; signatures.Count < _acting.QuorumSize; i++)
        {
            if (_validators.TryGetValue(_acting[i].Key, out ISigner? signer))
                signatures.Add(new ValidatorSignature((ushort)i, signer.Sign(digest)));
        }
        return new Certificate(VoteType.Commit, header.Epoch, header.Height, 0, header.Hash, signatures);
    }

    /// <summary>For transactions that this program has signed a moment ago.</summary>
    private sealed class JustSigned : ISignatureVerifier
    {
        public static readonly JustSigned Instance = new();

        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results) => results.Fill(true);
    }
}
