using System.Buffers.Binary;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Tests.Unit.Consensus;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// A consensus core that is fed with what an input says: messages from anybody, timers, ticks and work, in any order. Every
/// signature counts as good, so that the others forge each other's votes as no coalition could; the core may then halt,
/// with a reason, but not throw, nor go on for ever.
/// </summary>
internal sealed class FuzzedCore
{
    private const int Self = 3;
    private const int EffectsMax = 20_000;
    private const byte TimerStep = 250;
    private const byte TickStep = 251;
    private const byte WorkStep = 252;

    private readonly Fixture _fixture;
    private readonly MessageVerifier _verifier;
    private readonly ConsensusCore _core;
    private readonly Signature _signature;
    private BlockHeader _tip;
    private SetTimer? _timer;
    private bool _halted;

    private FuzzedCore(Fixture fixture, ISignatureVerifier signatures)
    {
        _fixture = fixture;
        _tip = fixture.Genesis;
        _verifier = new MessageVerifier(fixture.Config(Self), signatures);
        _signature = fixture.Vote(VoteType.Prepare, _tip.Hash, Self).Signature;
        _core = new ConsensusCore(fixture.Config(Self), _tip, null, fixture.Leaders(0), JournalContents.None);
        Step(new Start(1));
        for (int peer = 0; peer < Self; peer++)
            Receive(peer, ConsensusMessageCodec.Encode(new RecallResponse(1, null)));
    }

    /// <summary>Feeds a core with an input; true if one message at least was accepted.</summary>
    public static bool Run(Fixture fixture, ISignatureVerifier signatures, ReadOnlySpan<byte> input)
    {
        var core = new FuzzedCore(fixture, signatures);
        bool any = false;
        while (input.Length > 0 && !core._halted)
        {
            byte step = input[0];
            input = input[1..];
            switch (step)
            {
                case TimerStep when core._timer is { } timer:
                    core.Step(new TimerFired(timer.Height, timer.View, timer.Generation));
                    break;
                case TickStep:
                    core.Step(new StatusDue());
                    break;
                case WorkStep:
                    core.Step(new WorkChanged(true));
                    break;
                default:
                    if (input.Length < 2)
                        return any;
                    int length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(input), input.Length - 2);
                    any |= core.Receive(step % fixture.Count, input.Slice(2, length));
                    input = input[(2 + length)..];
                    break;
            }
        }
        return any;
    }

    /// <summary>A block that is decided at once, one that needs a change of view, and everything else a core is sent.</summary>
    public static IEnumerable<byte[]> Seeds(Fixture fixture)
    {
        ProposedBlock block = fixture.Block();
        Certificate prepared = fixture.Certificate(VoteType.Prepare, block);
        byte[][] votes =
        [
            .. Enumerable.Range(0, Self).Select(i => From(i, fixture.Vote(VoteType.Prepare, block.Hash, i))),
            .. Enumerable.Range(0, Self).Select(i => From(i, fixture.Vote(VoteType.Commit, block.Hash, i))),
        ];
        yield return [.. From(0, fixture.Propose(block, 0, 0)), .. votes.SelectMany(v => v), TickStep, WorkStep];
        yield return
        [
            WorkStep, TimerStep, .. Enumerable.Range(0, Self).SelectMany(i => From(i, fixture.ViewChange(i, 1, prepared))),
            .. From(1, fixture.Propose(block, 1, 1, fixture.Justification(1, prepared))), TickStep, TimerStep,
        ];
        foreach (byte[] message in FuzzSeeds.Messages())
            yield return [.. From(1, message), TickStep];
    }

    private static byte[] From(int sender, ConsensusMessage message) => From(sender, ConsensusMessageCodec.Encode(message));

    private static byte[] From(int sender, byte[] message) =>
        [(byte)sender, (byte)(message.Length >> 8), (byte)message.Length, .. message];

    private bool Receive(int from, ReadOnlySpan<byte> bytes)
    {
        if (ConsensusMessageCodec.TryDecode(bytes, out ConsensusMessage? message) != DecodeFailure.None
            || _verifier.Verify(from, message!, _tip.Height, out VerifiedMessage? verified) != MessageFailure.None)
            return false;
        Step(new MessageReceived(verified!, _tip.TimestampMs + 100));
        return true;
    }

    /// <summary>Does what a driver does: signs, finds every block valid, stores what is decided.</summary>
    private void Step(ConsensusInput input)
    {
        var inputs = new Queue<ConsensusInput>([input]);
        var effects = new List<ConsensusEffect>();
        for (int count = 0; inputs.TryDequeue(out ConsensusInput? next); count += effects.Count)
        {
            if (count > EffectsMax)
                throw new PropertyBrokenException($"One input has more than {EffectsMax} effects.");
            effects.Clear();
            _core.Step(next, effects);
            foreach (ConsensusEffect effect in effects)
            {
                switch (effect)
                {
                    case RequestSignature e:
                        inputs.Enqueue(new Signed(e.RequestId, _signature));
                        break;
                    case CheckBlock e:
                        inputs.Enqueue(new BlockChecked(e.Block.Hash, BlockFault.None));
                        break;
                    case BuildProposal e:
                        inputs.Enqueue(new ProposalBuilt(e.Height, e.View, _fixture.Block(Self, 7, _tip)));
                        break;
                    case FindSigner e:
                        inputs.Enqueue(new SignerFound(e.To, e.Token, null));
                        break;
                    case CommitBlock e when e.Block.Header.NextValidatorSetHash == _fixture.Keys.Set.Hash
                        && e.Block.Header.Proposer < _fixture.Count:
                        _tip = e.Block.Header;
                        inputs.Enqueue(new BlockStored(_tip, e.Certificate, _fixture.Leaders(_tip.Proposer)));
                        break;
                    case SetTimer e:
                        _timer = e;
                        break;
                    case Fatal:
                        _halted = true;
                        break;
                }
            }
        }
    }
}
