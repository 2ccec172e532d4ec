using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <content>
/// What a snapshot puts in a ledger's place: the same that others hold at its height, by readers that share nothing with the code
/// under test; and that nobody votes upon what is not proven, or has forgotten.
/// </content>
internal sealed partial class Invariants
{
    private readonly HashSet<int> _mustAbstain = [];

    /// <summary>A snapshot has taken the place of a node's ledger.</summary>
    public void OnInstalled(SimulatedNode node)
    {
        if (node.Kind == NodeKind.Hostile)
            return;
        SimulatedLedger ledger = node.Ledger;
        BlockHeader header = ledger.Tip.Header;
        string what = $"the snapshot at {header.Height} that node {node.Index} has installed";
        for (int h = (int)ledger.FirstWhole; h < ledger.Blocks.Count; h++)
        {
            if (h > 0)
                CheckFetched(node, ledger.Blocks[h]);
        }
        CheckState(ledger.State, what);
        CheckBase(ledger, what);
        ValidatorHistory known = ledger.History;
        if (known.Epoch != History.EpochAt(header.Height + 1)
            || known.Changes.Zip(History.Changes).Any(static c => !c.First.Equals(c.Second)))
            throw new InvariantException("I8", $"{what} has other departments");
    }

    /// <summary>A node gives a snapshot up whose header it takes for proven.</summary>
    public void OnGivenUp(SimulatedNode node, BlockHeader? header)
    {
        if (node.Kind != NodeKind.Hostile && header is not null && _final.TryGetValue(header.Height, out StoredBlock? final)
            && final.Block.Hash != header.Hash)
            throw new InvariantException("unproven", $"node {node.Index} believes a header {header.Height} that nobody certified");
    }

    /// <summary>Blocks below a snapshot are filled in.</summary>
    public void OnFilledIn(SimulatedNode node, IReadOnlyList<SealedBlock> blocks)
    {
        if (node.Kind == NodeKind.Hostile)
            return;
        foreach (SealedBlock block in blocks)
        {
            BlockHeader header = block.Header;
            StoredBlock final = _final[header.Height];
            if (final.Block.Hash != header.Hash || !final.Block.LeafHashes.SequenceEqual(block.Transactions.Select(static t => t.LeafHash)))
                throw new InvariantException("I8", $"node {node.Index} fills in another block {header.Height}");
            if (FlawIn(block.Certificate, header, History.At(header.Height)) is { } flaw)
                throw new InvariantException("I3", $"node {node.Index} fills in {header.Height} under a certificate {flaw}");
        }
    }

    /// <summary>
    /// A journal was read; one that is lost has no records. Where a snapshot has carried the ledger on from a height, and the
    /// journal is not of that ledger's time or says that its node abstains, the node must abstain.
    /// </summary>
    public void OnOpened(SimulatedNode node, IReadOnlyList<byte[]> records, ulong? from)
    {
        _mustAbstain.Remove(node.Slot);
        if (from is not { } before)
            return;
        StoredMark newest = records.Select(static r => JournalCodec.TryDecode(r)).OfType<StoredMark>().LastOrDefault(new StoredMark(0, default));
        if (records.Count == 0 || newest.Height + 1 < before || !newest.Abstention.IsNone)
            _mustAbstain.Add(node.Slot);
    }

    /// <summary>A core has begun.</summary>
    public void OnStarted(SimulatedNode node)
    {
        if (_mustAbstain.Contains(node.Slot) && node.Core!.Abstaining == AbstainReason.None)
            throw new InvariantException("journal", $"node {node.Index} means to vote on a snapshot, with a journal that may lack votes");
    }

    /// <summary>Votes go upon a block that is final.</summary>
    private void CheckProven(SimulatedNode sender)
    {
        BlockHeader tip = sender.Ledger.Tip.Header;
        if (tip.Height > 0 && (!_final.TryGetValue(tip.Height, out StoredBlock? final) || final.Block.Hash != tip.Hash))
            throw new InvariantException("unproven", $"node {sender.Index} votes upon a block {tip.Height} that nobody has decided");
    }

    private void CheckFetched(SimulatedNode node, StoredBlock block)
    {
        BlockHeader header = block.Header;
        if (FlawIn(block.Certificate!, header, node.Ledger.History.At(header.Height)) is { } flaw)
            throw new InvariantException("I3", $"node {node.Index} has fetched {header.Height} under a certificate {flaw}");
        if (!_final.TryGetValue(header.Height, out StoredBlock? final))
        {
            // Only the hostile have stored it so far.
            Execute(block);
            _final[header.Height] = final = block with { NextLeaders = _reference.Tip.NextLeaders };
        }
        if (final.Block.Hash != header.Hash)
            throw new InvariantException("I1", $"two blocks at {header.Height}, the second fetched by node {node.Index}");
        if (!final.Block.LeafHashes.SequenceEqual(block.Block.LeafHashes))
            throw new InvariantException("I8", $"other leaves at {header.Height}, fetched by node {node.Index}");
        foreach (VerifiedTransaction t in block.Transactions)
        {
            Acknowledge(t.Transaction.Id, header.Height);
            if (!node.Ledger.Contains(t.Transaction.Id))
                throw new InvariantException("I8", $"node {node.Index} does not know where a transaction of {header.Height} stands");
        }
    }

    private static void CheckState(SimulatedState state, string what)
    {
        List<(Digest Key, Digest Value)> leaves = [.. state.Values.Select(static v => (v.Key.TreeKey, Sha256.Hash(v.Value)))];
        leaves.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        if (StateTree.BuildRoot(leaves) != state.Tip.StateRoot)
            throw new InvariantException("I8", $"{what} has another state");
        StateUpdate built = StateTree.Update(new NoPages(), StateTree.EmptyRoot, leaves);
        if (built.ChangedPages.Count != state.Pages.Count
            || built.ChangedPages.Any(p => !state.Pages.TryGetValue(p.Id, out byte[]? page) || !page.AsSpan().SequenceEqual(p.Bytes)))
            throw new InvariantException("I8", $"{what} has other pages");
        if (state.Frontier.Root != state.Tip.LogRoot)
            throw new InvariantException("I8", $"{what} has another log");
    }

    /// <summary>What may be repeated is there, and no more than that.</summary>
    private void CheckBase(SimulatedLedger ledger, string what)
    {
        ulong now = ledger.Tip.Header.TimestampMs;
        ulong horizonMs = StateValue.Read<Parameters>(ledger.View, StateKey.Parameters)!.ExpiryHorizonMs;
        ulong below = ledger.Base?.Height ?? 0;
        if ((below > 0 && _final[below].Header.TimestampMs + horizonMs > now) || _final[below + 1].Header.TimestampMs + horizonMs <= now
            || (ledger.Base is { } header && header.Hash != _final[below].Block.Hash))
            throw new InvariantException("base", $"{what} begins above block {below}");
    }

    private sealed class NoPages : IStatePageReader
    {
        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => null;
    }
}
