using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Tests.Simulation;

/// <content>Pool, building, checking, storing and catching up.</content>
internal sealed partial class SimulatedNode
{
    private const int FetchAttempts = 20;
    private const int FetchEveryUs = 100_000;
    private const int BlocksPerResponse = 5;

    private readonly Dictionary<Digest, SimTransaction> _pool = [];
    private readonly Dictionary<Digest, SimTransaction> _bodies = [];
    private readonly SortedDictionary<ulong, StoredBlock> _fetched = [];
    private StoredBlock? _storing;
    private ulong _lastMark;

    public void Submit(SimTransaction transaction)
    {
        if (!IsUp || Ledger.Contains(transaction.Id))
            return;
        for (int peer = 0; peer < _world.Nodes.Length; peer++)
        {
            if (peer != Index)
                _world.Network.Send(Index, peer, new GossipFrame(transaction));
        }
        AddToPool(transaction);
    }

    private void AddToPool(SimTransaction transaction)
    {
        if (!transaction.IsValid || Ledger.Contains(transaction.Id))
            return;
        _pool[transaction.LeafHash] = transaction;
        _bodies[transaction.LeafHash] = transaction;
        Feed(new WorkChanged(true));
    }

    /// <summary>What the pool held leaves it, as when it expires; the clients will ask again.</summary>
    public void EmptyPool()
    {
        _pool.Clear();
        Feed(new WorkChanged(false));
    }

    private void Build(BuildProposal e)
    {
        ProposedBlock? built = e.Height == Ledger.Tip.Block.Header.Height + 1
            ? Ledger.Build(_pool.Values, Index, UtcMs)
            : null;
        Feed(new ProposalBuilt(e.Height, e.View, built));
    }

    /// <summary>A second valid block in the place of one.</summary>
    public ProposedBlock? Alternative(ProposedBlock block) =>
        block.Header.Height == Ledger.Tip.Block.Header.Height + 1
            ? Ledger.Build(BodiesOf(block), Index, block.Header.TimestampMs + 1)
            : null;

    private IReadOnlyList<SimTransaction> BodiesOf(ProposedBlock? block) =>
        block is null ? [] : [.. block.LeafHashes.Select(leaf => _bodies[leaf])];

    private void CheckNow(ProposedBlock block, int hint, int attempt)
    {
        if (block.Header.Height != Ledger.Tip.Block.Header.Height + 1)
            return;
        List<Digest> missing = [.. block.LeafHashes.Where(leaf => !_bodies.ContainsKey(leaf))];
        if (missing.Count == 0)
        {
            Feed(new BlockChecked(block.Hash, Ledger.Check(block, BodiesOf(block))));
            return;
        }
        if (attempt == FetchAttempts)
        {
            Feed(new BlockChecked(block.Hash, BlockFault.Unavailable));
            return;
        }
        int peer = attempt == 0 ? hint : _world.Rng.Below(_world.Nodes.Length);
        if (peer != Index)
            _world.Network.Send(Index, peer, new BodyRequest(missing));
        Later(FetchEveryUs, () => CheckNow(block, hint, attempt + 1));
    }

    private void ServeBodies(int from, BodyRequest request)
    {
        if (_adversary is { Withholds: true })
            return;
        List<SimTransaction> held = [.. request.Leaves.Where(_bodies.ContainsKey).Select(leaf => _bodies[leaf])];
        if (held.Count > 0)
            _world.Network.Send(Index, from, new BodyResponse(held));
    }

    private void TakeBodies(BodyResponse response)
    {
        foreach (SimTransaction t in response.Transactions)
            _bodies[t.LeafHash] = t;
    }

    /// <summary>Once the mark of the block before is durable; one block at a time.</summary>
    private void StartStoring(ProposedBlock block, Certificate certificate)
    {
        if (_storing is not null || block.Header.Height != Ledger.Tip.Block.Header.Height + 1)
            return;
        _storing = new StoredBlock(block, certificate, BodiesOf(block), default);
        WhenDurable(_lastMark, () => Later(_world.Rng.Between(200, 3_000), FinishStoring));
    }

    private void FinishStoring()
    {
        WriteLedger();
        StoredBlock tip = Ledger.Tip;
        foreach (SimTransaction t in tip.Transactions)
            _pool.Remove(t.LeafHash);
        Feed(new BlockStored(tip.Block.Header, tip.Certificate!, tip.Leader));
        if (_pool.Count > 0)
            Feed(new WorkChanged(true));
        if (IsUp)
            StoreFetched();
    }

    private void WriteLedger()
    {
        StoredBlock block = _storing!;
        _storing = null;
        StoredBlock parent = Ledger.Tip;
        Ledger.Store(block.Block, block.Certificate!, block.Transactions);
        _world.Trace(Index, 6, block.Block.Hash.Span);
        if (Kind != NodeKind.Hostile)
            _world.Invariants.OnStored(this, parent, Ledger.Tip);
    }

    private void FinishStoringByChance()
    {
        if (_storing is not null && _lastMark <= Journal.Durable && _world.Rng.Chance(500))
            WriteLedger();
        _storing = null;
    }

    private void ForgetMemory()
    {
        _pool.Clear();
        _bodies.Clear();
        _fetched.Clear();
        _lastMark = 0;
    }

    private SignedVote? FindVote(FindSigner find)
    {
        for (int height = Ledger.Blocks.Count - 1; (ulong)height > find.Above; height--)
        {
            if (FindSigner.In(Ledger.Blocks[height].Certificate!, find.To) is { } vote)
                return vote;
        }
        return null;
    }

    private void FetchBlocks(ulong upTo, int hint)
    {
        if (hint != Index)
            _world.Network.Send(Index, hint, new BlockRequest(Ledger.Tip.Block.Header.Height + 1, upTo));
    }

    private void ServeBlocks(int from, BlockRequest request)
    {
        if (_adversary is { Withholds: true })
            return;
        var blocks = new List<StoredBlock>();
        for (ulong h = request.First; h <= request.Last && blocks.Count < BlocksPerResponse; h++)
        {
            if (h >= (ulong)Ledger.Blocks.Count)
                break;
            blocks.Add(_adversary?.Spoil(Ledger.Blocks[(int)h]) ?? Ledger.Blocks[(int)h]);
        }
        if (blocks.Count > 0)
            _world.Network.Send(Index, from, new BlockResponse(blocks));
    }

    private void TakeBlocks(BlockResponse response)
    {
        foreach (StoredBlock block in response.Blocks)
        {
            ulong height = block.Block.Header.Height;
            if (height > Ledger.Tip.Block.Header.Height && _fetched.Count < 4 * BlocksPerResponse
                && CertificateVerifier.Verify(block.Block.Header, block.Certificate!, _world.Keys.Set, _world.Keys)
                    == CertificateFailure.None)
                _fetched[height] = block;
        }
        StoreFetched();
    }

    private void StoreFetched()
    {
        BlockHeader tip = Ledger.Tip.Block.Header;
        while (_fetched.Count > 0 && _fetched.Keys.First() <= tip.Height)
            _fetched.Remove(_fetched.Keys.First());
        if (_storing is not null || !_fetched.Remove(tip.Height + 1, out StoredBlock? next)
            || Ledger.Check(next.Block, next.Transactions) != BlockFault.None)
            return;
        foreach (SimTransaction t in next.Transactions)
            _bodies[t.LeafHash] = t;
        StartStoring(next.Block, next.Certificate!);
    }
}
