using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Storage;
using JournalCondition = GovChain.Consensus.JournalCondition;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A validator started again from a saved journal and the ledger it had, held against all that it had said before: it must come back
/// able to vote, and whatever the others bring it to sign, it is nothing against that.
/// </summary>
internal sealed class RestartedCore
{
    private const ulong Token = 7;

    private readonly Stage _stage;
    private readonly ConsensusConfig _config;
    private readonly MessageVerifier _verifier;
    private readonly StoredBlock _tip;
    private readonly SpokenVotes _said;
    private readonly ConsensusCore _core;
    private readonly List<SignedVote> _signed = [];
    private SetTimer? _timer;

    private RestartedCore(Stage stage, int self, StoredBlock tip, byte[]? journal, SpokenVotes said)
    {
        (_stage, _tip, _said) = (stage, tip, said);
        _config = new ConsensusConfig(stage.Chain.ChainId, 0, stage.Keys.Set, self, stage.Scenario.Parameters);
        _verifier = new MessageVerifier(_config, stage.Keys);
        _core = new ConsensusCore(
            _config, tip.Header, tip.Certificate, stage.LeadersAfter(tip), Open(journal), []);
    }

    /// <summary>Restarts from these bytes and tempts it.</summary>
    /// <returns>How many votes it signed, none against what it had said.</returns>
    /// <exception cref="InvariantException">It does not come back, or breaks its word.</exception>
    public static int Try(Stage stage, int self, StoredBlock tip, byte[]? journal, SpokenVotes said)
    {
        var restarted = new RestartedCore(stage, self, tip, journal, said);
        restarted.ComeBack();
        restarted.Tempt();
        return restarted._signed.Count;
    }

    private JournalContents Open(byte[]? bytes)
    {
        if (bytes is null)
            return JournalContents.None;
        var disk = new SimulatedDisk(_stage.Rng, null, new FaultCounts());
        disk.PutBack(bytes);
        JournalOpening opening = VoteJournal.Open(disk, _config.ChainId, long.MaxValue);
        if (opening.Journal is null)
            throw Broken("journal", $"a saved prefix is {opening.Condition}");
        byte[][] records = [.. opening.Records.Select(r => JournalFrame.TryDecode(r.Payload)!.Value.Record.ToArray())];
        return new JournalContents(JournalCondition.Sound, records, opening.Journal.NextIndex);
    }

    /// <summary>It starts, asks the others what they have of it, is told the newest, and votes.</summary>
    private void ComeBack()
    {
        Step(new Start(Token));
        for (int peer = 0; peer < _config.Validators.Count && _core.IsRecalling; peer++)
        {
            if (peer != _config.Self)
                Receive(peer, new RecallResponse(Token, _said.Newest));
        }
        if (_core.IsRecalling || _core.Abstaining != AbstainReason.None || _core.Height != _tip.Height + 1)
            throw Broken("return", $"at height {_core.Height}, {(_core.IsRecalling ? "still asks" : _core.Abstaining)}");
        if (_core.View < _said.Promised(_core.Height))
            throw Broken("I7", $"in view {_core.View} after a promise to leave it");
    }

    /// <summary>
    /// Another block is proposed in every view that it has been in and in the next two, prepared by all others; in between its timer
    /// runs out. Then the old views once more.
    /// </summary>
    private void Tempt()
    {
        uint last = _core.View + 2;
        Step(new WorkChanged(true));
        for (uint view = 0; view <= last; view++)
        {
            Propose(view);
            FireTimer();
        }
        for (uint view = 0; view <= last; view++)
            Propose(view);
    }

    private void Propose(uint view)
    {
        int leader = _core.Leaders.Leader(view);
        if (view > 0)
            OthersAskFor(view);
        ProposedBlock block = Other(leader);
        if (leader != _config.Self)
        {
            Receive(leader, new ProposeMessage(
                view, (ushort)leader, Sign(leader, VoteType.Propose, view, block.Hash), block, view == 0 ? null : Justify(view)));
        }
        foreach (int peer in Others())
        {
            Receive(peer, new VoteMessage(VoteType.Prepare, 0, _core.Height, view, block.Hash, (ushort)peer,
                Sign(peer, VoteType.Prepare, view, block.Hash)));
        }
    }

    private void OthersAskFor(uint view)
    {
        foreach (int peer in Others())
            Receive(peer, new ViewChangeMessage(0, _core.Height, view, Ask(peer, view), null));
    }

    private Justification Justify(uint view) => new([.. Others().Select(peer => Ask(peer, view))], null);

    private ViewChangePayload Ask(int peer, uint view)
    {
        var payload = new ViewChangePayload((ushort)peer, -1, Digest.Zero, default);
        return payload with
        {
            Signature = _stage.Keys.Sign(
                peer, JustificationRules.VoteOf(_config, _core.Height, view, payload).SigningDigest()),
        };
    }

    private void FireTimer()
    {
        if (_timer is { } timer)
            Step(new TimerFired(timer.Height, timer.View, timer.Generation));
    }

    private IEnumerable<int> Others() => Enumerable.Range(0, _config.Validators.Count).Where(i => i != _config.Self);

    private Signature Sign(int signer, VoteType type, uint view, Digest hash) => _stage.Keys.Sign(
        signer, new Vote(type, _config.ChainId, 0, _core.Height, view, hash).SigningDigest());

    /// <summary>A block that nobody has seen; its check is answered with yes.</summary>
    private ProposedBlock Other(int proposer)
    {
        BlockHeader tip = _tip.Header;
        return new ProposedBlock(
            new BlockHeader
            {
                ChainId = _config.ChainId,
                Height = tip.Height + 1,
                ParentHash = tip.Hash,
                Epoch = 0,
                ValidatorSetHash = _config.Validators.Hash,
                NextValidatorSetHash = _config.Validators.Hash,
                TimestampMs = Math.Max(tip.TimestampMs + 1, _stage.UtcMs),
                Proposer = (ushort)proposer,
                LogSizeBefore = tip.LogSizeAfter,
                LogSizeAfter = tip.LogSizeAfter + 1,
                LogRoot = Sha256.Hash("another"u8),
                StateRoot = default,
                ParametersHash = tip.ParametersHash,
            },
            [Sha256.Hash("leaf"u8)]);
    }

    private void Receive(int from, ConsensusMessage message)
    {
        MessageFailure failure = _verifier.Verify(from, message, _tip.Height, out VerifiedMessage? verified);
        if (failure != MessageFailure.None)
            throw new InvalidOperationException($"The temptation is no good: {failure}.");
        Step(new MessageReceived(verified!, _stage.UtcMs));
    }

    private void Step(ConsensusInput input)
    {
        var inputs = new Queue<ConsensusInput>([input]);
        while (inputs.TryDequeue(out ConsensusInput? next))
        {
            var effects = new List<ConsensusEffect>();
            _core.Step(next, effects);
            foreach (ConsensusEffect effect in effects)
            {
                switch (effect)
                {
                    case RequestSignature e:
                        Signature signature = _stage.Keys.Sign(_config.Self, e.Vote.SigningDigest());
                        Check(new SignedVote(e.Vote.Type, 0, e.Vote.Height, e.Vote.View, e.Vote.BlockHash, e.Vote.PreparedView, signature));
                        inputs.Enqueue(new Signed(e.RequestId, signature));
                        break;
                    case CheckBlock e:
                        inputs.Enqueue(new BlockChecked(e.Block.Hash, BlockFault.None));
                        break;
                    case BuildProposal e:
                        inputs.Enqueue(new ProposalBuilt(e.Height, e.View, Other(_config.Self)));
                        break;
                    case SetTimer e:
                        _timer = e;
                        break;
                    case Send { Message: VoteMessage or ViewChangeMessage or ProposeMessage } e:
                        foreach (SignedVote vote in SpokenVotes.In(e.Message))
                            CheckSpoken(vote);
                        break;
                    case Fatal e:
                        throw Broken("fatal", e.Reason);
                }
            }
        }
    }

    private void Check(in SignedVote vote)
    {
        CheckSpoken(vote);
        foreach (SignedVote own in _signed)
        {
            if (SpokenVotes.Contradicts(own, vote))
                throw Broken("I6", $"signs {Name(vote)} after {Name(own)}, both since it came back");
        }
        _signed.Add(vote);
    }

    private void CheckSpoken(SignedVote vote)
    {
        if (_said.Against(vote) is { } said)
            throw Broken("I6", $"signs or sends {Name(vote)} after it had said {Name(said)}");
    }

    private static string Name(in SignedVote v) =>
        $"{v.Type} at ({v.Height}, {v.View}) for {v.BlockHash}{(v.PreparedView >= 0 ? $", prepared in {v.PreparedView}" : "")}";

    private InvariantException Broken(string invariant, string what) =>
        new(invariant, $"validator {_config.Self}, restarted at height {_tip.Height + 1}: {what}");
}
