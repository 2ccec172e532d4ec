using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Snapshots;

/// <summary>Answers what others ask of a snapshot (docs/PROTOCOL.md, "Snapshots"). Safe from any thread.</summary>
internal sealed class SnapshotServer(SnapshotShelf shelf, LedgerHead ledger)
{
    /// <summary>The part; empty but for the heights held where this node does not hold the snapshot.</summary>
    /// <exception cref="StorageException">Damaged.</exception>
    public SnapshotResponse Answer(SnapshotRequest request)
    {
        using LedgerSnapshot? view =
            request.PartCase == SnapshotRequest.PartOneofCase.None ? null : shelf.TryTake(request.Height);
        return view is null
            ? new SnapshotResponse { Held = SnapshotRules.WriteHeld(shelf.Held(ledger)) }
            : SnapshotAnswers.Answer(new StoredView(view), request);
    }

    private sealed class StoredView(LedgerSnapshot view) : ISnapshotView
    {
        public BlockHeader Tip => view.Tip;

        public LogFrontier Frontier => view.Frontier;

        public Certificate? TipCertificate => view.TipCertificate;

        public ulong FirstWhole => view.Gap?.FirstWhole ?? 0;

        public StatePageCache Cache => view.Cache;

        public BlockHeader GetHeader(ulong height) => view.GetHeader(height);

        public Certificate? GetCertificate(ulong height) => view.GetCertificate(height);

        public ReadOnlyMemory<byte>? GetState(StateKey key) => view.GetState(key);

        public TransactionLocation? FindTransaction(Digest transactionId) => view.FindTransaction(transactionId);

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => view.TryGetPage(id);

        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => view.GetTile(level, index);

        public IEnumerable<StateChange> ScanStatesAfter(byte[] after) => view.ScanStatesAfter(after);

        public ulong EstimateStates() => view.EstimateStates();
    }
}
