using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Tests.Simulation;

/// <summary>
/// The promises of docs/PROTOCOL.md, "Invariants", watched from outside: what leaves a node, what its disk holds, and
/// what its ledger stores.
/// </summary>
internal sealed class Invariants(World world)
{
    private const int JournalRecordsMax = 4_000;

    private readonly Dictionary<ulong, StoredBlock> _final = [];
    private readonly SimulatedLedger _reference = new(world.Chain.Genesis);
    private readonly Dictionary<(int Node, VoteType Type, ulong Height, uint View), (Digest Hash, long Prepared)> _sent = [];
    private readonly HashSet<(int Node, VoteType Type, ulong Height, uint View, Digest Hash)> _durable = [];
    private readonly Dictionary<(int Node, ulong Height), uint> _promised = [];
    private readonly Dictionary<(int Node, ulong Height), uint> _askedFor = [];

    public HashSet<Digest> Submitted { get; } = [];

    /// <summary>Transactions some client has a receipt for, with their height.</summary>
    public Dictionary<Digest, ulong> Acknowledged { get; } = [];

    /// <summary>A journal record of an honest node can no longer be lost.</summary>
    public void OnDurable(int node, byte[] bytes)
    {
        switch (JournalCodec.TryDecode(bytes))
        {
            case AcceptedRecord r:
                if (r.Proposal.Signer == node)
                    _durable.Add((node, VoteType.Propose, r.Proposal.Height, r.Proposal.View, r.Proposal.Block.Hash));
                _durable.Add((node, VoteType.Prepare, r.Proposal.Height, r.Proposal.View, r.Proposal.Block.Hash));
                break;
            case PreparedRecord r:
                _durable.Add((node, VoteType.Commit, r.Commit.Height, r.Commit.View, r.Commit.BlockHash));
                break;
            case PromisedRecord r:
                _durable.Add((node, VoteType.ViewChange, r.ViewChange.Height, r.ViewChange.View,
                    r.ViewChange.Payload.PreparedHash));
                break;
            case StoredMark or RecallRecord:
                break;
            default:
                throw new InvariantException(
                    "journal", $"node {node} wrote a record that cannot be read: {Convert.ToHexString(bytes)}");
        }
    }

    /// <summary>An honest node writes a journal record.</summary>
    public void OnAppended(SimulatedNode node, byte[] bytes)
    {
        if (JournalCodec.TryDecode(bytes) is PromisedRecord r)
            CheckNotEarly(node, r.ViewChange);
    }

    /// <summary>A message leaves an honest node: I6, I7, and durable before sent.</summary>
    public void OnSent(SimulatedNode sender, ConsensusMessage message)
    {
        int node = sender.Index;
        switch (message)
        {
            case ProposeMessage m:
                Check(sender, VoteType.Propose, m.Height, m.View, m.Block.Hash, -1);
                break;
            case VoteMessage m when m.Signer == node:
                Check(sender, m.Type, m.Height, m.View, m.BlockHash, -1);
                break;
            case ViewChangeMessage m when m.Payload.Signer == node:
                Check(sender, VoteType.ViewChange, m.Height, m.View, m.Payload.PreparedHash, m.Payload.PreparedView);
                _promised[(node, m.Height)] = Math.Max(m.View, _promised.GetValueOrDefault((node, m.Height)));
                break;
        }
    }

    /// <summary>A hostile or forgetful node asks for a view; it counts among those that others may follow.</summary>
    public void OnViewAsked(int node, ulong height, uint view) =>
        _askedFor[(node, height)] = Math.Max(view, _askedFor.GetValueOrDefault((node, height)));

    /// <summary>A node stores a block: I1 to I5 and I8.</summary>
    public void OnStored(SimulatedNode node, StoredBlock parent, StoredBlock stored)
    {
        BlockHeader header = stored.Block.Header;
        BlockHeader before = parent.Block.Header;
        if (header.Height != before.Height + 1 || header.ParentHash != before.Hash
            || header.TimestampMs <= before.TimestampMs || header.Epoch != before.Epoch
            || header.LogSizeBefore != before.LogSizeAfter)
            throw new InvariantException("I2", $"node {node.Index} stored {header.Height} on {before.Height}");
        CertificateFailure failure = CertificateVerifier.Verify(
            header, stored.Certificate!, world.Keys.Set, world.Keys);
        if (failure != CertificateFailure.None)
            throw new InvariantException("I3", $"node {node.Index} stored {header.Height} with {failure}");
        if (!_final.TryGetValue(header.Height, out StoredBlock? first))
        {
            _reference.Store(stored.Block, stored.Certificate!, stored.Transactions);
            _final[header.Height] = stored;
        }
        else if (first.Block.Hash != header.Hash)
            throw new InvariantException("I1", $"two blocks at {header.Height}, the second at node {node.Index}");
        else if (!first.Block.LeafHashes.SequenceEqual(stored.Block.LeafHashes) || first.Leader != stored.Leader)
            throw new InvariantException("I8", $"other leaves or leader state at {header.Height}, node {node.Index}");
        foreach (SimTransaction t in stored.Transactions)
        {
            if (!t.IsValid || !Submitted.Contains(t.Id))
                throw new InvariantException("I4", $"block {header.Height} holds what nobody validly submitted");
            if (Acknowledged.TryGetValue(t.Id, out ulong height) && height != header.Height)
                throw new InvariantException("I4", $"one transaction in blocks {height} and {header.Height}");
            Acknowledged[t.Id] = header.Height;
        }
    }

    /// <summary>After the dust has settled, every acknowledged transaction stands in every honest ledger.</summary>
    public void CheckEnd()
    {
        foreach (SimulatedNode node in world.Nodes)
        {
            if (node.Kind == NodeKind.Hostile)
                continue;
            foreach ((Digest id, ulong height) in Acknowledged)
            {
                if (!node.Ledger.Contains(id))
                    throw new InvariantException("I5", $"node {node.Index} lacks a transaction of block {height}");
            }
        }
    }

    /// <summary>I9 as far as a node shows it.</summary>
    public void CheckBounds(SimulatedNode node)
    {
        if (node.Journal.Entries.Count > JournalRecordsMax)
            throw new InvariantException("I9", $"the journal of node {node.Index} grows without end");
    }

    private void Check(SimulatedNode sender, VoteType type, ulong height, uint view, Digest hash, long prepared)
    {
        int node = sender.Index;
        if (sender.Core!.Abstaining != AbstainReason.None)
            throw new InvariantException("abstain", $"node {node} abstains and sends {type} at ({height}, {view})");
        if (!_durable.Contains((node, type, height, view, hash)))
            throw new InvariantException("durable", $"node {node} sends {type} at ({height}, {view}) not in its journal");
        if (!_sent.TryAdd((node, type, height, view), (hash, prepared))
            && _sent[(node, type, height, view)] != (hash, prepared))
            throw new InvariantException("I6", $"node {node} signs two {type} at ({height}, {view})");
        if (view < _promised.GetValueOrDefault((node, height)))
            throw new InvariantException("I7", $"node {node} sends {type} at ({height}, {view}) after a higher promise");
    }

    /// <summary>
    /// An honest node gives a view up only when its timer has run out, when f+1 others asked for a higher one, or when it
    /// can blame the leader, for which only faulty validators give cause.
    /// </summary>
    private void CheckNotEarly(SimulatedNode sender, ViewChangeMessage m)
    {
        OnViewAsked(sender.Index, m.Height, m.View);
        if (world.HasFaulty)
            return;
        int asking = 0;
        for (int i = 0; i < world.Nodes.Length; i++)
        {
            if (i != sender.Index && _askedFor.GetValueOrDefault((i, m.Height)) >= m.View)
                asking++;
        }
        if (asking >= Quorum.Weak(world.Nodes.Length) || sender.TimerMayHaveFired(m.Height, m.View - 1))
            return;
        throw new InvariantException("timer", $"node {sender.Index} leaves ({m.Height}, {m.View - 1}) without cause");
    }
}
