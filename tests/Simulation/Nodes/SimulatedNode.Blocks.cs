using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Building, checking and storing blocks, and the bodies they are made of.</content>
internal sealed partial class SimulatedNode
{
    private const ulong GossipGraceUs = 5_000;
    private const ulong WorkPauseUs = 50_000;

    private readonly Dictionary<Digest, ExecutedBlock> _executed = [];
    private readonly Dictionary<Digest, VerifiedTransaction> _bodies = [];
    private (ExecutedBlock Block, Certificate Certificate)? _storing;

    /// <summary>A second valid block in the place of one.</summary>
    public ProposedBlock? Alternative(ProposedBlock block)
    {
        if (block.Header.Height != Ledger.Height + 1 || BodiesOf(block) is not { } bodies)
            return null;
        ExecutedBlock? other = Ledger.Build(bodies, Index, block.Header.TimestampMs + 1).Block;
        return other is null ? null : SimulatedLedger.BlockOf(other);
    }

    /// <summary>The bodies of a block as far as they are all held here.</summary>
    public IReadOnlyList<VerifiedTransaction>? BodiesOf(ProposedBlock block)
    {
        var bodies = new VerifiedTransaction[block.LeafHashes.Count];
        for (int i = 0; i < bodies.Length; i++)
        {
            if (FindBody(block.LeafHashes[i]) is not { } body)
                return null;
            bodies[i] = body;
        }
        return bodies;
    }

    /// <summary>Keeps a body that is not in the pool.</summary>
    public void Hold(VerifiedTransaction transaction) => _bodies[transaction.Transaction.LeafHash] = transaction;

    private VerifiedTransaction? FindBody(Digest leaf)
    {
        if (_bodies.TryGetValue(leaf, out VerifiedTransaction? held))
            return held;
        VerifiedTransaction?[] found = [null];
        _pool.Find([leaf], found);
        return found[0];
    }

    private void Build(BuildProposal e)
    {
        ProposedBlock? built = e.Height == Ledger.Height + 1 ? BuildOnTip() : null;
        if (built is null)
            PauseWork();
        Feed(new ProposalBuilt(e.Height, e.View, built));
        TellWork();
    }

    private ProposedBlock? BuildOnTip()
    {
        BuiltBlock built = Ledger.Build(TakeCandidates(), Index, UtcMs);
        _pool.Hold(built.LeftOut);
        if (built.Block is not { } block)
            return null;
        _stage.Execution.Add(block);
        Keep(block);
        return SimulatedLedger.BlockOf(block);
    }

    private void Keep(ExecutedBlock block)
    {
        _executed[block.Header.Hash] = block;
        foreach (VerifiedTransaction transaction in block.Transactions)
            Hold(transaction);
    }

    private void CheckNow(ProposedBlock block, int hint)
    {
        if (block.Header.Height != Ledger.Height + 1)
            return;
        if (_executed.ContainsKey(block.Hash))
        {
            Feed(new BlockChecked(block.Hash, BlockFault.None));
            return;
        }
        if (!block.HasItsLeaves(Ledger.View.Frontier))
        {
            Feed(new BlockChecked(block.Hash, BlockFault.WrongLeaves));
            return;
        }
        var fetch = new BodyFetch(_stage.Chain.ChainId, block, VerifyAndHold, AnswerBytesMax);
        if (FindHere(block, fetch))
            Check(block, fetch);
        else
            Later(GossipGraceUs, () => Fetch(block, hint, fetch));
    }

    private void Fetch(ProposedBlock block, int hint, BodyFetch fetch)
    {
        IEnumerable<LedgerQuestion> questions = FindHere(block, fetch) ? [] : fetch.Questions(Others(), hint);
        Ask(_stage.Invariants.Watch(this, questions).TakeWhile(_ => block.Header.Height == Ledger.Height + 1), () =>
        {
            FindHere(block, fetch);
            Check(block, fetch);
        });
    }

    private bool FindHere(ProposedBlock block, BodyFetch fetch)
    {
        for (int i = 0; i < fetch.Found.Length; i++)
            fetch.Found[i] ??= FindBody(block.LeafHashes[i]);
        return fetch.Fault == BlockFault.None;
    }

    private void Check(ProposedBlock block, BodyFetch fetch)
    {
        if (block.Header.Height != Ledger.Height + 1)
            return;
        BlockFault fault = fetch.Fault;
        if (fault == BlockFault.None
            && _stage.Execution.Execute(Ledger, block.Header, fetch.Found!, out fault) is { } executed)
            Keep(executed);
        Feed(new BlockChecked(block.Hash, fault));
    }

    private VerifiedTransaction?[] VerifyAndHold(IReadOnlyList<Transaction> transactions)
    {
        VerifiedTransaction?[] verified = Verify(transactions);
        foreach (VerifiedTransaction transaction in verified.OfType<VerifiedTransaction>())
            Hold(transaction);
        return verified;
    }

    private void ServeBodies(int from, BodyRequest request)
    {
        if (_adversary is { Withholds: true })
        {
            _stage.Faults.Add(FaultKind.Withholding);
            return;
        }
        var held = new List<ReadOnlyMemory<byte>>();
        long bytes = 0;
        foreach (Digest leaf in request.Leaves.TakeWhile(_ => bytes < AnswerBytesMax))
        {
            if ((FindBody(leaf)?.Transaction.Envelope ?? _adversary?.GarbageBody(leaf)) is not { } envelope)
                continue;
            held.Add(envelope);
            bytes += envelope.Length;
        }
        var answer = new BodyResponse(request.Id, _adversary?.Drip(held) ?? held);
        Later(_adversary?.LateUs(BodiesTimeoutUs) ?? 0, () => _stage.Send(this, from, answer));
    }

    /// <summary>Once the mark of the block before is durable; one block at a time.</summary>
    private void StoreDecided(CommitBlock e) => Store(_executed.GetValueOrDefault(e.Block.Hash), e.Certificate);

    private void Store(ExecutedBlock? block, Certificate certificate)
    {
        if (block is null || _storing is not null || block.Header.ParentHash != Ledger.Tip.Block.Hash)
            return;
        _storing = (block, certificate);
        WhenDurable(_lastMark, () => Later(_stage.Duration(Work.Store), FinishStoring));
    }

    private void FinishStoring()
    {
        WriteLedger();
        ForgetHeight();
        StoredBlock tip = Ledger.Tip;
        Feed(new BlockStored(tip.Header, tip.Certificate!, _stage.LeadersAfter(tip)));
        TellWork();
        if (IsUp)
            StoreFetched();
    }

    private void WriteLedger()
    {
        (ExecutedBlock block, Certificate certificate) = _storing!.Value;
        _storing = null;
        StoredBlock parent = Ledger.Tip;
        Ledger.Store(block, certificate);
        _stage.Trace(Slot, 6, block.Header.Hash.Span);
        _stage.Chart?.Event(this, '#', $"stores {MessageChart.Name(block.Header)}, {block.Transactions.Count} transactions");
        _stage.Invariants.OnStored(this, parent, Ledger.Tip);
        OnCommitted(block);
        HoldSnapshot();
    }

    private void FinishStoringByChance()
    {
        if (_storing is not null && _lastMark <= _durable && _stage.Rng.Chance(500))
            WriteLedger();
        _storing = null;
    }

    private void ForgetHeight()
    {
        _executed.Clear();
        _bodies.Clear();
    }

    private void ForgetBlocks()
    {
        ForgetHeight();
        _pool = NewPool();
        ForgetCatchUp();
        ForgetLeaders();
        ForgetSnapshots();
        _hasWork = false;
        _workPausedUntilUs = 0;
    }
}
