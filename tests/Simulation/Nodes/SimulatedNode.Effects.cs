using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>What the core asks for.</content>
internal sealed partial class SimulatedNode
{
    private readonly HashSet<int> _searching = [];
    private readonly List<Evidence> _evidence = [];

    private void Perform(ConsensusEffect effect)
    {
        switch (effect)
        {
            case AppendJournal e:
                Append(e);
                break;
            case PruneJournal e:
                WhenDurable(e.BelowIndex, () => Prune(e.BelowIndex));
                break;
            case Send e:
                WhenDurable(e.AfterJournal, () => SendNow(e));
                break;
            case RequestSignature e:
                Signature signature = _stage.Keys.SignWith(Key, Index, e.Vote.SigningDigest());
                Later(_stage.Duration(Work.Sign), () => Feed(new Signed(e.RequestId, signature)));
                break;
            case SetTimer e:
                _stage.Invariants.OnTimerSet(this, e);
                ulong delayUs = _clock.TimerUs(e.DelayMs);
                _timer = (e.Height, e.View, _stage.NowUs + delayUs);
                WakeLater(delayUs, () => Feed(new TimerFired(e.Height, e.View, e.Generation)), isStatus: false);
                break;
            case BuildProposal e:
                Later(_stage.Duration(Work.Build), () => Build(e));
                break;
            case CheckBlock e:
                Later(_stage.Duration(Work.Execute), () => CheckNow(e.Block, e.Hint));
                break;
            case ForgetBlock e:
                _executed.Remove(e.BlockHash);
                break;
            case CommitBlock e:
                _stage.Invariants.OnCommit(this, e);
                WhenDurable(e.AfterJournal, () => StoreDecided(e));
                break;
            case FindSigner e when _searching.Add(e.To):
                Later(_stage.Duration(Work.Search), () => AnswerFindSigner(e));
                break;
            case FindSigner:
                break; // the search under way answers
            case ViewLeft e:
                _stage.Chart?.Event(
                    this, 'V', $"leaves view {e.View} of height {e.Height} for {e.NextView}: {e.Cause} {e.Detail}");
                break;
            case ReportLeader e:
                Report(e);
                break;
            case NeedBlocks e:
                FetchBlocks(e.UpToHeight, e.Hint);
                break;
            case ReportEvidence e:
                _evidence.Add(e.Evidence);
                _stage.Chart?.Event(this, '!', $"holds evidence against {_config.Validators.IndexOf(e.Evidence.Signer)}");
                _stage.Invariants.OnEvidence(this, e.Evidence);
                break;
            case EpochEnded:
                WhenDurable(_journal!.NextIndex - 1, BeginEpoch);
                break;
            case KeepJustification:
                break; // needed by nobody in a run without a fork
            case Fatal e when Kind == NodeKind.Honest:
                throw new InvariantException("fatal", $"node {Index}: {e.Reason}");
            case Fatal:
                break;
            case Alarm e:
                OnAlarm(e);
                break;
            default:
                throw new InvariantException("driver", $"no such effect is known: {effect}");
        }
    }

    private void OnAlarm(Alarm alarm)
    {
        _stage.Chart?.Event(this, '!', $"{alarm.Code}: {alarm.Text}");
        _stage.OnAlarm(this, alarm);
        _stage.Invariants.OnAlarm(this, alarm);
    }

    private void SendNow(Send e)
    {
        var frame = new ConsensusFrame(ConsensusMessageCodec.Encode(e.Message));
        _stage.Trace(Slot, 3, frame.Bytes);
        _stage.Invariants.OnSent(this, e.Message);
        _stage.Traffic.Add(e, frame.Bytes.Length, _stage.Scenario.Validators - 1);
        if (_adversary is null || _adversary.OnSend(e.To, e.Message))
            Transmit(e.To, frame);
    }

    private void AnswerFindSigner(FindSigner find)
    {
        _searching.Remove(find.To);
        SignedVote? found = null;
        PublicKey key = _config.Validators[find.To].Key;
        for (ulong height = Ledger.Height; height > Math.Max(find.Above, Ledger.Base?.Height ?? 0) && found is null; height--)
            found = FindSigner.In(Ledger.Blocks[(int)height].Certificate!, Ledger.History.At(height).IndexOf(key));
        Feed(new SignerFound(find.To, find.Token, found));
    }
}
