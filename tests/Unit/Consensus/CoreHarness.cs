using GovChain.Consensus;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>
/// One core with an instant signer. Every batch of effects is held against the table "durable before sent": whatever
/// this validator signed is journalled before it, at or below the index that the send waits for.
/// </summary>
internal sealed class CoreHarness
{
    public const ulong Utc = 1_200;

    /// <summary>Of the one start.</summary>
    public const ulong Token = 7;

    private readonly Fixture _fixture;
    private readonly int _self;
    private readonly MessageVerifier _verifier;

    /// <summary>A core that has begun; by default the others say at once that it has forgotten nothing.</summary>
    public CoreHarness(
        Fixture fixture,
        int self,
        JournalContents? journal = null,
        BlockHeader? tip = null,
        Certificate? certificate = null,
        bool recalls = true,
        IReadOnlyList<Evidence>? evidence = null)
    {
        _fixture = fixture;
        _self = self;
        _verifier = new MessageVerifier(fixture.Config(self), fixture.Keys);
        tip ??= fixture.Genesis;
        LeaderOrder leaders = fixture.Leaders(tip.Height == 0 ? 0 : tip.Proposer);
        Core = new ConsensusCore(fixture.Config(self), tip, certificate, leaders, journal ?? JournalContents.None, evidence);
        Journal = [.. journal?.Records ?? []];
        Step(new Start(Token));
        for (int peer = 0; recalls && Core.IsRecalling; peer++)
        {
            if (peer != self)
                Receive(peer, new RecallResponse(Token, null));
        }
    }

    public ConsensusCore Core { get; }

    /// <summary>All records, as they would stand on disk.</summary>
    public List<byte[]> Journal { get; }

    /// <summary>All effects so far but signature requests, which are answered at once.</summary>
    public List<ConsensusEffect> Effects { get; } = [];

    public IEnumerable<T> Sent<T>() where T : ConsensusMessage =>
        Effects.OfType<Send>().Select(s => s.Message).OfType<T>();

    public JournalContents Restarted() => new(JournalCondition.Sound, Journal, (ulong)Journal.Count + 1);

    public void Receive(int from, ConsensusMessage message)
    {
        Assert.That(
            _verifier.Verify(from, message, Core.Height - 1, out VerifiedMessage? verified),
            Is.EqualTo(MessageFailure.None));
        Step(new MessageReceived(verified!, Utc));
    }

    public void Step(ConsensusInput input)
    {
        var inputs = new Queue<ConsensusInput>([input]);
        while (inputs.TryDequeue(out ConsensusInput? next))
        {
            var batch = new List<ConsensusEffect>();
            Core.Step(next, batch);
            foreach (ConsensusEffect effect in batch)
            {
                switch (effect)
                {
                    case RequestSignature e:
                        inputs.Enqueue(new Signed(e.RequestId, _fixture.Keys.Sign(_self, e.Vote.SigningDigest())));
                        continue;
                    case AppendJournal e:
                        Journal.Add(e.Record);
                        Assert.That(e.Index, Is.EqualTo((ulong)Journal.Count));
                        break;
                    case Send e:
                        CheckJournalled(e);
                        break;
                }
                Effects.Add(effect);
            }
        }
    }

    /// <summary>Accepts the leader's proposal, finds it valid.</summary>
    public void Accept(ProposeMessage proposal)
    {
        Receive(proposal.Signer, proposal);
        Step(new BlockChecked(proposal.Block.Hash, BlockFault.None));
    }

    public void Timeout()
    {
        SetTimer timer = Effects.OfType<SetTimer>().Last();
        Step(new TimerFired(timer.Height, timer.View, timer.Generation));
    }

    private void CheckJournalled(Send send)
    {
        IEnumerable<JournalRecord?> durable =
            Journal.Take((int)send.AfterJournal).Select(bytes => JournalCodec.TryDecode(bytes));
        bool journalled = send.Message switch
        {
            ProposeMessage m => durable.OfType<AcceptedRecord>().Any(r => Same(r.Proposal, m)),
            VoteMessage { Type: VoteType.Prepare } m => durable.OfType<AcceptedRecord>().Any(r => r.Prepare == m),
            VoteMessage m => durable.OfType<PreparedRecord>().Any(r => r.Commit == m),
            ViewChangeMessage m => durable.OfType<PromisedRecord>().Any(r => r.ViewChange == m),
            _ => true,
        };
        Assert.That(journalled, $"{send.Message} waits only for record {send.AfterJournal}");
    }

    private static bool Same(ConsensusMessage a, ConsensusMessage b) =>
        ConsensusMessageCodec.Encode(a).AsSpan().SequenceEqual(ConsensusMessageCodec.Encode(b));
}
