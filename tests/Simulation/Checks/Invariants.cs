using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// The promises of docs/PROTOCOL.md, "Invariants", watched from outside: what leaves a node, what its disk holds, and
/// what its ledger stores. Here: votes, and that they were durable before they were sent.
/// </summary>
internal sealed partial class Invariants(Stage stage)
{
    private readonly Dictionary<(int Node, VoteType Type, ulong Height, uint View), (Digest Hash, long Prepared)> _sent = [];
    private readonly HashSet<(int Node, VoteType Type, ulong Height, uint View, Digest Hash)> _durable = [];
    private readonly Dictionary<(int Node, ulong Height), uint> _promised = [];
    private readonly Dictionary<(int Node, ulong Height), uint> _askedFor = [];

    /// <summary>A journal record can no longer be lost.</summary>
    public void OnDurable(SimulatedNode node, byte[] bytes)
    {
        if (node.Kind != NodeKind.Honest)
            return;
        int i = node.Index;
        switch (JournalCodec.TryDecode(bytes))
        {
            case AcceptedRecord r:
                if (r.Proposal.Signer == i)
                    _durable.Add((i, VoteType.Propose, r.Proposal.Height, r.Proposal.View, r.Proposal.Block.Hash));
                _durable.Add((i, VoteType.Prepare, r.Proposal.Height, r.Proposal.View, r.Proposal.Block.Hash));
                break;
            case PreparedRecord r:
                _durable.Add((i, VoteType.Commit, r.Commit.Height, r.Commit.View, r.Commit.BlockHash));
                break;
            case PromisedRecord r:
                _durable.Add((i, VoteType.ViewChange, r.ViewChange.Height, r.ViewChange.View,
                    r.ViewChange.Payload.PreparedHash));
                break;
            case null:
                throw new InvariantException(
                    "journal", $"node {i} wrote a record that cannot be read: {Convert.ToHexString(bytes)}");
        }
    }

    /// <summary>A node writes a journal record.</summary>
    public void OnAppended(SimulatedNode node, byte[] bytes)
    {
        if (node.Kind == NodeKind.Honest && JournalCodec.TryDecode(bytes) is PromisedRecord r)
            CheckNotEarly(node, r.ViewChange);
    }

    /// <summary>A core sets its timer: as long as the rule says, never longer than the cap, and above view 0 not before Q validators have
    /// come so far.</summary>
    public void OnTimerSet(SimulatedNode node, SetTimer timer)
    {
        if (timer.DelayMs != LivenessBound.TimeoutMs(stage.Scenario.Parameters, timer.View))
            throw new InvariantException("timer", $"node {node.Index} waits {timer.DelayMs} ms in view {timer.View}");
        if (node.Kind == NodeKind.Honest && timer.View > 0 && CameTo(node, timer.Height, timer.View) < node.Config.Validators.QuorumSize)
            throw new InvariantException("timer", $"node {node.Index} starts the timer of ({timer.Height}, {timer.View}) before a quorum has come there");
    }

    /// <summary>A core sends a message: I6, I7, durable before sent, and an abstaining node does not vote.</summary>
    public void OnSent(SimulatedNode sender, ConsensusMessage message)
    {
        int node = sender.Index;
        if (message is ViewChangeMessage asked && asked.Payload.Signer == node && sender.Kind != NodeKind.Honest)
            OnViewAsked(node, asked.Height, asked.View);
        if (sender.Kind is NodeKind.Hostile or NodeKind.Twin)
            return;
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
                if (sender.Kind == NodeKind.Honest)
                    _promised[(node, m.Height)] = Math.Max(m.View, _promised.GetValueOrDefault((node, m.Height)));
                break;
        }
    }

    /// <summary>A validator asks for a view; it counts among those that others may follow.</summary>
    public void OnViewAsked(int node, ulong height, uint view) =>
        _askedFor[(node, height)] = Math.Max(view, _askedFor.GetValueOrDefault((node, height)));

    private void Check(SimulatedNode sender, VoteType type, ulong height, uint view, Digest hash, long prepared)
    {
        int node = sender.Index;
        if (sender.Core!.Abstaining != AbstainReason.None)
            throw new InvariantException("abstain", $"node {node} abstains and sends {type} at ({height}, {view})");
        CheckProven(sender);
        // One that lost its journal and could not be told so counts toward f; one that knew of it keeps I6.
        if (sender.IsUnawareOfLoss)
            _sent.Remove((node, type, height, view));
        CheckOnce(node, type, height, view, hash, prepared);
        if (sender.Kind != NodeKind.Honest)
            return;
        if (!_durable.Contains((node, type, height, view, hash)))
            throw new InvariantException("durable", $"node {node} sends {type} at ({height}, {view}) not in its journal");
        if (view < _promised.GetValueOrDefault((node, height)))
            throw new InvariantException("I7", $"node {node} sends {type} at ({height}, {view}) after a higher promise");
    }

    private void CheckOnce(int node, VoteType type, ulong height, uint view, Digest hash, long prepared)
    {
        if (!_sent.TryAdd((node, type, height, view), (hash, prepared))
            && _sent[(node, type, height, view)] != (hash, prepared))
            throw new InvariantException("I6", $"node {node} signs two {type} at ({height}, {view})");
    }

    /// <summary>
    /// An honest node gives a view up only when its timer has run out, when f+1 others asked for a higher one, when it
    /// complains, or when it can blame the leader, for which only faulty validators give cause.
    /// </summary>
    private void CheckNotEarly(SimulatedNode sender, ViewChangeMessage m)
    {
        OnViewAsked(sender.Index, m.Height, m.View);
        if (stage.Scenario.Faulty.Count > 0)
            return;
        int others = CameTo(sender, m.Height, m.View) - 1;
        if (others >= Quorum.Weak(sender.Config.Validators.Count) || sender.TimerMayHaveFired(m.Height, m.View - 1)
            || sender.Complained == (m.Height, m.View - 1))
            return;
        throw new InvariantException("timer", $"node {sender.Index} leaves ({m.Height}, {m.View - 1}) without cause");
    }

    /// <summary>How many validators of a node's epoch have come to a view or a higher one. Who is not honest may have told it to anybody.
    /// </summary>
    private int CameTo(SimulatedNode node, ulong height, uint view) => Enumerable.Range(0, node.Config.Validators.Count)
        .Count(i => stage.Of(i)[0].Kind != NodeKind.Honest || _askedFor.GetValueOrDefault((i, height)) >= view);
}
