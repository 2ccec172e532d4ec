using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Tests.Simulation;

/// <content>What ledgers store, and bounds.</content>
internal sealed partial class Invariants
{
    // About sixty heights of a few records each, and what views without a decision add.
    private const long JournalBytesMax = 2 * 1024 * 1024;

    private const ulong ClockOffsetMaxMs = 150;

    private readonly Dictionary<ulong, StoredBlock> _final = [];
    private readonly HashSet<(int Slot, ulong Height)> _delivered = [];
    private readonly SimulatedLedger _reference = new(stage.Chain.Genesis);

    /// <summary>Who certifies which height, by the longest ledger.</summary>
    public ValidatorHistory History => _reference.History;

    /// <summary>What clients have submitted, and what must become of it.</summary>
    public Dictionary<Digest, Fate> Submitted { get; } = [];

    /// <summary>Transactions some client has a receipt for, with their height.</summary>
    public Dictionary<Digest, ulong> Acknowledged { get; } = [];

    /// <summary>A node stores a block: I1 to I5 and I8.</summary>
    public void OnStored(SimulatedNode node, StoredBlock parent, StoredBlock stored)
    {
        if (node.Kind == NodeKind.Hostile)
            return;
        BlockHeader header = stored.Header;
        BlockHeader before = parent.Header;
        if (header.Height != before.Height + 1 || header.ParentHash != before.Hash
            || header.TimestampMs <= before.TimestampMs || header.Epoch != before.NextEpoch
            || header.LogSizeBefore != before.LogSizeAfter)
            throw new InvariantException("I2", $"node {node.Index} stored {header.Height} on {before.Height}");
        // Of every quorum one is honest and has its clock right, within what honest clocks differ by.
        if (header.TimestampMs > stage.UtcMs + stage.Scenario.Parameters.TimePrecisionMs + ClockOffsetMaxMs)
            throw new InvariantException("I2", $"block {header.Height} is of {header.TimestampMs - stage.UtcMs} ms from now");
        CertificateFailure failure = CertificateVerifier.Verify(
            header, stored.Certificate!, node.Ledger.History.At(header.Height), stage.Keys);
        if (failure != CertificateFailure.None)
            throw new InvariantException("I3", $"node {node.Index} stored {header.Height} with {failure}");
        if (FlawIn(stored.Certificate!, header, node.Ledger.History.At(header.Height)) is { } flaw)
            throw new InvariantException("I3", $"node {node.Index} stored {header.Height} under a certificate {flaw}");
        if (!_final.TryGetValue(header.Height, out StoredBlock? first))
        {
            Execute(stored);
            _final[header.Height] = stored;
        }
        else if (first.Block.Hash != header.Hash)
            throw new InvariantException("I1", $"two blocks at {header.Height}, the second at node {node.Index}");
        else if (!first.Block.LeafHashes.SequenceEqual(stored.Block.LeafHashes)
            || first.NextLeaders.First != stored.NextLeaders.First
            || !first.NextLeaders.Order.SequenceEqual(stored.NextLeaders.Order))
            throw new InvariantException("I8", $"other leaves or leader state at {header.Height}, node {node.Index}");
        foreach (VerifiedTransaction t in stored.Transactions)
            Acknowledge(t.Transaction.Id, header.Height);
    }

    /// <summary>A core asks for a block to be stored: once, as long as it lives.</summary>
    public void OnCommit(SimulatedNode node, CommitBlock commit)
    {
        if (node.Kind == NodeKind.Honest && !_delivered.Add((node.Slot, commit.Block.Header.Height)))
            throw new InvariantException("once", $"node {node.Index} delivers block {commit.Block.Header.Height} twice");
    }

    /// <summary>A driver was told of something an operator should know. Nobody honest is named.</summary>
    public void OnAlarm(SimulatedNode node, Alarm alarm)
    {
        if (node.Kind != NodeKind.Honest)
            return;
        bool expected = alarm.Code switch
        {
            AlarmCode.UntimelyProposal => true,
            AlarmCode.EquivocatingLeader or AlarmCode.InvalidProposal => stage.Scenario.Faulty.Keys.Any(
                i => alarm.Text.StartsWith($"{stage.Keys.Set[i].Department} ", StringComparison.Ordinal)),
            _ => false,
        };
        if (!expected)
            throw new InvariantException("alarm", $"node {node.Index}: {alarm.Text}");
    }

    /// <summary>A node passes a validator over in catching up: none is blamed for what only liars do.</summary>
    public void OnPassedOver(SimulatedNode node, int validator, string complaint)
    {
        _passedOverUs[(node.Slot, validator)] = stage.NowUs;
        NodeKind kind = stage.Scenario.Faulty.GetValueOrDefault(validator, NodeKind.Honest);
        // What a forgetful one had when it said so, it may have lost.
        bool isHonest = kind == NodeKind.Honest
            || (kind == NodeKind.Forgetful && !complaint.StartsWith("has no blocks", StringComparison.Ordinal));
        if (node.Kind == NodeKind.Honest && isHonest && !complaint.StartsWith("did not answer", StringComparison.Ordinal))
            throw new InvariantException("framed", $"node {node.Index} says of honest {validator} that it {complaint}");
    }

    /// <summary>I9 as far as a node shows it.</summary>
    public void CheckBounds(SimulatedNode node)
    {
        if (node.Disk.Bytes > JournalBytesMax)
            throw new InvariantException("I9", $"the journal of node {node.Index} has {node.Disk.Bytes} bytes");
    }

    /// <summary>After the dust has settled, every acknowledged transaction stands in every honest ledger.</summary>
    public void CheckEnd()
    {
        foreach (SimulatedNode node in stage.Nodes)
        {
            if (node.Kind is NodeKind.Hostile or NodeKind.Twin)
                continue;
            if (node.Ledger.Base is { } below)
                throw new InvariantException("I12", $"node {node.Index} lacks blocks up to {below.Height}");
            foreach ((Digest id, ulong height) in Acknowledged)
            {
                if (!node.Ledger.Contains(id))
                    throw new InvariantException("I5", $"node {node.Index} lacks a transaction of block {height}");
            }
        }
    }

    /// <summary>
    /// What a dumb reader finds wrong with a certificate; null when nothing. How many are a quorum is for I1 to judge.
    /// </summary>
    private string? FlawIn(Certificate c, BlockHeader header, ValidatorSet set)
    {
        if (c.Type != VoteType.Commit || c.Epoch != header.Epoch || c.Height != header.Height || c.BlockHash != header.Hash)
            return "of something else";
        if (c.Signatures.Select(s => s.Validator).Distinct().Count() != set.QuorumSize)
            return "of too few";
        Digest signed = new Vote(
            VoteType.Commit, stage.Chain.ChainId, header.Epoch, header.Height, c.View, header.Hash).SigningDigest();
        return c.Signatures.All(s => stage.Keys.VerifyOne(set[s.Validator].Key, signed, s.Signature))
            ? null
            : "that not all have signed";
    }

    private void Execute(StoredBlock stored)
    {
        foreach (VerifiedTransaction t in stored.Transactions)
        {
            if (!t.Transaction.SignatureChecks.All(check => stage.Keys.VerifyOne(check)))
                throw new InvariantException("I4", $"block {stored.Height} holds a transaction with a wrong signature");
        }
        ExecutedBlock executed = _reference.Execute(stored.Header, stored.Transactions, out BlockFault fault)
            ?? throw new InvariantException("I2", $"block {stored.Height} fails elsewhere: {fault}");
        _reference.Store(executed, stored.Certificate!);
    }

    private void Acknowledge(Digest id, ulong height)
    {
        if (!Submitted.TryGetValue(id, out Fate fate) || fate == Fate.NeverCommits)
            throw new InvariantException("I4", $"block {height} holds what nobody validly submitted");
        if (!Acknowledged.TryAdd(id, height) && Acknowledged[id] != height)
            throw new InvariantException("I4", $"one transaction in blocks {Acknowledged[id]} and {height}");
    }
}
