using System.Runtime.CompilerServices;
using Google.Protobuf;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>Proofs to certified headers, and the feed of committed transactions.</summary>
internal sealed partial class LedgerGateway
{
    /// <summary>Transactions read at once for a subscriber: at most 4 MiB of the longest.</summary>
    private const int FeedBatch = 64;

    /// <inheritdoc/>
    public InclusionProof GetInclusionProof(ulong position, ulong logSize) => Read(view =>
    {
        if (logSize == 0)
            logSize = view.Tip.LogSizeAfter;
        if (position >= view.Tip.LogSizeAfter || logSize > view.Tip.LogSizeAfter)
        {
            throw LedgerRequestException.NotYetAvailable(
                $"The log has {view.Tip.LogSizeAfter} leaves so far.", ("logSize", Text(view.Tip.LogSizeAfter)));
        }
        if (position >= logSize)
            throw LedgerRequestException.InvalidArgument("position", $"Below the log size, {logSize}.");
        ulong height = view.HeightOfPosition(logSize - 1);
        BlockHeader header = view.GetHeader(height);
        if (header.LogSizeAfter != logSize)
        {
            throw LedgerRequestException.InvalidArgument(
                "log_size", $"The log size after a block, such as {header.LogSizeAfter} after block {height}.");
        }
        var nodes = new TileLogNodeSource(view, logSize);
        var proof = new InclusionProof
        {
            Position = position,
            LogSize = logSize,
            LeafHash = ByteString.CopyFrom(nodes.GetNode(0, position).Span),
            Header = Messages.Of(header, view.GetCertificate(height)),
        };
        proof.Path.AddRange(Messages.Of(LogProofs.Inclusion(nodes, position, logSize)));
        return proof;
    });

    /// <inheritdoc/>
    public ConsistencyProof GetConsistencyProof(ulong firstHeight, ulong secondHeight) => Read(view =>
    {
        if (secondHeight == 0)
            secondHeight = view.TipHeight;
        RequireHeight(view, Math.Max(firstHeight, secondHeight));
        if (firstHeight > secondHeight)
            throw LedgerRequestException.InvalidArgument("first_height", $"At most the second height, {secondHeight}.");
        BlockHeader first = view.GetHeader(firstHeight), second = view.GetHeader(secondHeight);
        var nodes = new TileLogNodeSource(view, second.LogSizeAfter);
        var proof = new ConsistencyProof
        {
            First = Messages.Of(first, view.GetCertificate(firstHeight)),
            Second = Messages.Of(second, view.GetCertificate(secondHeight)),
        };
        proof.Path.AddRange(Messages.Of(LogProofs.Consistency(nodes, first.LogSizeAfter, second.LogSizeAfter)));
        return proof;
    });

    /// <inheritdoc/>
    public GetStateProofResponse GetStateProof(uint kind, ReadOnlyMemory<byte> id) => Read(view =>
    {
        if (kind > byte.MaxValue || !Enum.IsDefined((StateKind)kind))
            throw LedgerRequestException.InvalidArgument("kind", "One of the kinds of docs/SPEC.md, \"State tree\".");
        var key = new StateKey((StateKind)kind, id.Span);
        return new GetStateProofResponse
        {
            Proof = Messages.Of(key, StateTree.Prove(view, view.Tip.StateRoot, key.TreeKey), view.GetState(key)),
            Header = Messages.Of(view.Tip, view.TipCertificate),
        };
    });

    /// <inheritdoc/>
    public async IAsyncEnumerable<CommittedTransaction> SubscribeAsync(
        ulong fromPosition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Leaf 0 is no transaction.
        ulong next = Math.Max(1, fromPosition);
        if (next > _ledger.Tip.LogSizeAfter)
        {
            throw LedgerRequestException.NotYetAvailable(
                $"The next transaction gets position {_ledger.Tip.LogSizeAfter}.",
                ("nextPosition", Text(_ledger.Tip.LogSizeAfter)));
        }
        while (true)
        {
            // Taken before reading, so that a block stored in between is not waited for.
            Task nextBlock = _ledger.NextBlock;
            List<CommittedTransaction> batch = Read(view => Feed(view, next));
            foreach (CommittedTransaction transaction in batch)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return transaction;
            }
            next += (ulong)batch.Count;
            if (batch.Count == 0)
                await nextBlock.WaitAsync(cancellation);
        }
    }

    private static List<CommittedTransaction> Feed(LedgerSnapshot view, ulong position)
    {
        var batch = new List<CommittedTransaction>();
        if (position >= view.Tip.LogSizeAfter)
            return batch;
        BlockHeader header = view.GetHeader(view.HeightOfPosition(position));
        foreach (ReadOnlyMemory<byte> leaf in view.GetEntries(position, FeedBatch))
        {
            if (position == header.LogSizeAfter)
                header = view.GetHeader(header.Height + 1);
            batch.Add(new CommittedTransaction
            {
                Position = position++,
                Height = header.Height,
                RecordedAtMs = header.TimestampMs,
                TransactionId = StoredTransaction.Parse(leaf).Id.ToString(),
                Envelope = UnsafeByteOperations.UnsafeWrap(leaf),
            });
        }
        return batch;
    }
}
