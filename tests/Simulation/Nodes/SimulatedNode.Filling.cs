using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Filling in the blocks below a snapshot: <see cref="BlockFilling"/> says what is believed.</content>
internal sealed partial class SimulatedNode
{
    private const ulong FillEveryUs = 2_000;

    private bool _readsOutrun;
    private SnapshotSources? _fillSources;
    private BlockSources<int> _fillGivers = new();

    private void BeginFilling()
    {
        _readsOutrun = true;
        _fillSources = null;
        _fillGivers = new BlockSources<int>();
        if (Ledger.Base is not null)
            Later(FillEveryUs, Fill);
    }

    private void Fill()
    {
        if (Ledger.Filling is not { } filling)
            return;
        if (Lag > CatchUp.LagMax)
        {
            Later(BlockFilling.PauseMs * 1_000, Fill);
            return;
        }
        ulong first = filling.Header.Height + 1;
        if (_readsOutrun && Ledger.ReadOutrun(first, BlocksPerResponse) is { Count: > 0 } kept)
        {
            _readsOutrun = FillIn([.. kept.Select(FetchedOf)]) is null;
            Later(FillEveryUs, Fill);
            return;
        }
        _readsOutrun = false;
        SnapshotSources sources = _fillSources ??= new SnapshotSources(Others, () => MonotonicMs, Blame, blocks: _fillGivers);
        Ask(Counted(sources.AskForBlocks(first)), () =>
        {
            if (!sources.WasGiven)
            {
                _fillSources = null;
                Later(BlockFilling.PauseMs * 1_000, Fill);
                return;
            }
            if (FillIn(sources.Blocks.Blocks) is { } lie)
                sources.Lied(sources.Blocks.Source, lie);
            Later(FillEveryUs, Fill);
        });
    }

    private string? FillIn(IReadOnlyList<FetchedBlock> fetched)
    {
        var rules = new BlockFilling(_stage.Chain.ChainId, Ledger.History, _stage.Keys);
        try
        {
            IReadOnlyList<SealedBlock> blocks = rules.Take(Ledger.Filling!, Ledger.Base!, fetched, out string? lie);
            if (blocks.Count > 0)
            {
                _stage.Invariants.OnFilledIn(this, blocks);
                Ledger.FillIn(blocks, _stage.Keys);
            }
            return lie;
        }
        catch (ForkedBaseException e)
        {
            throw new InvariantException("I1", $"node {Index}: {e.Message}");
        }
    }

    private static FetchedBlock FetchedOf(StoredBlock block) => new(
        block.Header.ToBytes(), block.Certificate!.ToBytes(), [.. block.Transactions.Select(t => t.Transaction.Envelope)]);
}
