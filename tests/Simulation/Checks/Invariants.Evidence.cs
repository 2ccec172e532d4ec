using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Tests.Simulation;

/// <content>I11: two votes that one node has seen and no honest validator signs both end in evidence there, and nobody honest is
/// accused. Its own memory of what came in is a plain list of all.</content>
internal sealed partial class Invariants
{
    private readonly Dictionary<(int Slot, ulong Height, int Validator), List<SignedVote>> _witnessed = [];
    private readonly HashSet<(int Slot, ulong Height, int Validator)> _due = [];

    /// <summary>Pieces of evidence reported, by whatever node.</summary>
    public int Accusations { get; private set; }

    /// <summary>A core reports evidence.</summary>
    public void OnEvidence(SimulatedNode node, Evidence evidence)
    {
        Accusations++;
        EvidenceFailure failure = EvidenceVerifier.Verify(
            evidence, stage.Chain.ChainId, node.Config.Validators, stage.Keys);
        if (failure != EvidenceFailure.None || !evidence.Equals(Evidence.TryRead(evidence.ToBytes())))
            throw new InvariantException("I11", $"node {node.Index} reports evidence that proves nothing: {failure}");
        int accused = stage.Keys.OwnerOf(evidence.Signer);
        if (stage.Of(accused)[0].Kind == NodeKind.Honest)
            throw new InvariantException("I11", $"node {node.Index} accuses honest {accused} of {evidence.Kind} at {evidence.Height}");
    }

    /// <summary>A verified message is about to reach a core, whose signatures were checked.</summary>
    public void OnVerified(SimulatedNode node, ConsensusMessage message)
    {
        ulong height = message is StatusMessage { Tip: { } tip } ? tip.Height : message.Height;
        if (node.Kind != NodeKind.Honest || height <= node.Ledger.Height
            || height < node.Core!.Height || height > node.Core.Height + 1)
            return;
        foreach ((int validator, SignedVote vote) in VotesIn(message, node.Config.Epoch))
        {
            if (validator != node.Index)
                Witness(node, validator, vote);
        }
    }

    /// <summary>A process has died, and with it what it remembered.</summary>
    public void OnForgot(SimulatedNode node)
    {
        foreach ((int, ulong, int) key in _witnessed.Keys.Where(k => k.Slot == node.Slot).ToList())
            _witnessed.Remove(key);
        _due.RemoveWhere(d => d.Slot == node.Slot);
        _delivered.RemoveWhere(d => d.Slot == node.Slot);
        foreach ((int, int) key in _gaveNothingUs.Keys.Where(k => k.Slot == node.Slot).ToList())
            _gaveNothingUs.Remove(key);
        foreach ((int, int) key in _passedOverUs.Keys.Where(k => k.Slot == node.Slot).ToList())
            _passedOverUs.Remove(key);
    }

    /// <summary>What a node has seen by now it has reported.</summary>
    public void CheckEvidence(SimulatedNode node)
    {
        foreach ((int Slot, ulong Height, int Validator) due in _due.Where(d => d.Slot == node.Slot).ToList())
        {
            if (!node.Core!.Evidence.Any(e => stage.Keys.OwnerOf(e.Signer) == due.Validator && e.Height == due.Height))
                throw new InvariantException("I11", $"node {node.Index} saw what proves {due.Validator} guilty at {due.Height}, and is silent");
            _due.Remove(due);
        }
        foreach ((int, ulong Height, int) key in _witnessed.Keys.Where(k => k.Slot == node.Slot && k.Height < node.Core!.Height).ToList())
            _witnessed.Remove(key);
    }

    private void Witness(SimulatedNode node, int validator, SignedVote vote)
    {
        (int Slot, ulong Height, int Validator) key = (node.Slot, vote.Height, validator);
        if (!_witnessed.TryGetValue(key, out List<SignedVote>? seen))
            _witnessed.Add(key, seen = []);
        // Beyond its stated memory a node may miss one.
        if (seen.Count(v => v.Type == vote.Type) < VoteWitness.KeptVotes
            && node.Core!.Evidence.Count(e => stage.Keys.OwnerOf(e.Signer) == validator) < EvidenceBook.PiecesMax
            && seen.Exists(v => Evidence.Of(stage.Chain.ChainId, stage.Keys.Set[validator].Key, v, vote) is not null))
            _due.Add(key);
        seen.Add(vote);
    }

    private static IEnumerable<(int Validator, SignedVote Vote)> VotesIn(ConsensusMessage message, ulong epoch) => message switch
    {
        ProposeMessage m => VotesIn(m.Justification?.Prepared)
            .Concat((m.Justification?.ViewChanges ?? []).Select(p => VoteOf(epoch, m.Height, m.View, p)))
            .Append((m.Signer, new SignedVote(
                VoteType.Propose, m.Block.Header.Epoch, m.Height, m.View, m.Block.Hash, -1, m.Signature))),
        VoteMessage m => [(m.Signer, new SignedVote(m.Type, m.Epoch, m.VoteHeight, m.View, m.BlockHash, -1, m.Signature))],
        ViewChangeMessage m => VotesIn(m.Prepared).Append(VoteOf(epoch, m.AtHeight, m.View, m.Payload)),
        DecidedMessage m => VotesIn(m.Certificate),
        StatusMessage m => VotesIn(m.Tip?.Certificate),
        _ => [],
    };

    private static IEnumerable<(int Validator, SignedVote Vote)> VotesIn(Certificate? c) => c is null ? [] : c.Signatures.Select(
        s => ((int)s.Validator, new SignedVote(c.Type, c.Epoch, c.Height, c.View, c.BlockHash, -1, s.Signature)));

    private static (int Validator, SignedVote Vote) VoteOf(ulong epoch, ulong height, uint view, in ViewChangePayload p) => (
        p.Signer, new SignedVote(VoteType.ViewChange, epoch, height, view, p.PreparedHash, p.PreparedView, p.Signature));
}
