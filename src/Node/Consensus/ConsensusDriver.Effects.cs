using System.Diagnostics;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Node.Tracing;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Consensus;

/// <summary>What the core asks for.</summary>
internal sealed partial class ConsensusDriver
{
    private void Apply(ConsensusEffect effect)
    {
        switch (effect)
        {
            case AppendJournal append:
                Stage(append);
                break;
            case PruneJournal prune:
                _journal.PruneBelow(Math.Min(prune.BelowIndex, _durable));
                break;
            case Send send:
                _sends.Add(send);
                break;
            case RequestSignature request:
                _inputs.Enqueue(new Signed(request.RequestId, _signer.Sign(request.Vote.SigningDigest())));
                break;
            case SetTimer timer:
                _timer = (timer, _time.MonotonicMs() + timer.DelayMs);
                break;
            case BuildProposal build:
                _timeline.Executing(build: true);
                Begin(BuildAsync(build, _height.Token));
                break;
            case CheckBlock check:
                _timeline.Executing(build: false);
                Begin(CheckAsync(check, _height.Token));
                break;
            case ForgetBlock forget:
                _bodies.Forget(forget.BlockHash);
                break;
            case CommitBlock commit:
                _timeline.Certified();
                _commits.Enqueue(commit);
                break;
            case FindSigner find:
                // One search for each peer at a time; who asks again meanwhile is answered by the one under way.
                if (_searching.Add(find.To))
                    Begin(FindSignerAsync(find));
                break;
            case ViewLeft left:
                _metrics.ViewChanged(left.Cause);
                _events.ViewLeft(left, _core.Leaders.Leader(left.View), _core.Leaders.Leader(left.NextView));
                break;
            case ReportLeader report:
                _events.ReportLeader(report);
                break;
            case NeedBlocks need:
                _events.NeedBlocks(need);
                break;
            case EpochEnded:
                _epochEnded = true;
                break;
            case Alarm alarm:
                _events.Alarm(alarm);
                break;
            case ReportEvidence report:
                _events.Evidence(report.Evidence);
                break;
            case KeepJustification keep:
                _events.Justified(keep.Kept);
                break;
            case Fatal fatal:
                throw new FatalNodeException(fatal.Reason);
            default:
                throw new InvalidOperationException($"The driver does not know the effect {effect}.");
        }
    }

    private void Begin(Task job)
    {
        _jobs.RemoveAll(static j => j.IsCompleted);
        _jobs.Add(job);
    }

    private void Stage(AppendJournal append)
    {
        byte[] frame = append.Bodies is { } named
            ? JournalFrame.Encode(append.Record, named.Header.Height, BodiesOf(named))
            : JournalFrame.Encode(append.Record);
        ulong index = _journal.Append(frame);
        if (index != append.Index)
            throw new InvalidOperationException($"The journal is at record {index}, the core at {append.Index}.");
        _unsynced = true;
    }

    private IReadOnlyList<VerifiedTransaction> BodiesOf(ProposedBlock block) => Executed(block).Transactions;

    private ExecutedBlock Executed(ProposedBlock block) => _bodies.Find(block.Hash)
        ?? throw new InvalidOperationException($"Block {block.Header.Height} ({block.Hash}) was not checked here.");

    /// <summary>The order in which the core asked is kept.</summary>
    private void ReleaseSends()
    {
        foreach (Send send in _sends)
        {
            if (send.AfterJournal > _durable)
                throw new InvalidOperationException($"A message waits for record {send.AfterJournal}, which nobody wrote.");
            byte[] message = ConsensusMessageCodec.Encode(send.Message);
            _timeline.Sending(send.Message);
            if (send.To != Send.ToAll)
            {
                _network.SendConsensus(_validators[send.To].Department, message);
                continue;
            }
            _network.BroadcastConsensus(message);
            _events.Sent(send.Message);
        }
        _sends.Clear();
    }

    private bool TryCommit()
    {
        if (!_commits.TryDequeue(out CommitBlock? commit))
            return false;
        if (commit.AfterJournal > _durable)
            throw new InvalidOperationException($"A block waits for record {commit.AfterJournal}, which nobody wrote.");
        if (commit.Block.Header.ParentHash == _ledger.Tip.Hash)
            Store(Executed(commit.Block), commit.Certificate);
        return true;
    }

    private void Store(ExecutedBlock block, Certificate certificate)
    {
        _timeline.Appending();
        long started = Stopwatch.GetTimestamp();
        _ledger.Append(block, certificate);
        _metrics.Stored(
            block.Transactions.Count, block.Transactions.Sum(static t => (long)t.Transaction.Envelope.Length), Stopwatch.GetElapsedTime(started));
        _timeline.Appended();
        LearnSize(block.Header.Hash);
        _height.Cancel();
        _height.Dispose();
        _height = new CancellationTokenSource();
        _bodies.Clear();
        UnexecutableVersionException? end = _ledger.End;
        using (LedgerSnapshot view = _ledger.OpenSnapshot())
        {
            var state = new StateOverlay(view);
            ulong timeMs = Math.Max(_time.NowMs(), block.Header.TimestampMs + 1);
            _events.Refused(_pool.OnCommitted(
                block, t => end is null ? TransactionRules.Check(state, t, block.Header.Height + 1, timeMs) : null)); // by no other's rules
        }
        if (end is not null)
        {
            _events.Stored(block, _timeline); // who waits for this block hears of it
            throw end;
        }
        _hasWork = false;
        _workPausedUntilMs = 0;
        _inputs.Enqueue(new BlockStored(block.Header, certificate, _ledger.NextLeaders));
        _events.Stored(block, _timeline);
        _timeline = new BlockTimeline(_time);
    }

    private void LearnSize(Digest stored)
    {
        if (_ownProposal is not { } own)
            return;
        _ownProposal = null;
        if (own.Block.Hash == stored)
            _sizer.Decided(own.Block.LeafHashes.Count, Stopwatch.GetElapsedTime(own.Since).TotalMilliseconds);
        else
            _sizer.Failed();
    }

    private async Task BuildAsync(BuildProposal build, CancellationToken cancellation)
    {
        ProposedBlock? block = null;
        await GuardAsync(async () => block = await _workshop.BuildAsync(build.Height, cancellation), cancellation);
        _posted.Post(() =>
        {
            if (block is null && !cancellation.IsCancellationRequested)
            {
                // What the pool offered was all refused: give it a moment, or leader and pool ask each other for ever.
                _hasWork = false;
                _workPausedUntilMs = _time.MonotonicMs() + WorkPauseMs;
            }
            else if (block is not null)
            {
                _timeline.Executed();
                _ownProposal = (block, Stopwatch.GetTimestamp());
            }
            _inputs.Enqueue(new ProposalBuilt(build.Height, build.View, block));
        });
    }

    private async Task CheckAsync(CheckBlock check, CancellationToken cancellation)
    {
        var fault = BlockFault.Unavailable;
        await GuardAsync(
            async () => fault = await _workshop.CheckAsync(check.Block, check.Hint, cancellation), cancellation);
        _posted.Post(() =>
        {
            if (fault == BlockFault.None)
                _timeline.Executed();
            _inputs.Enqueue(new BlockChecked(check.Block.Hash, fault));
        });
    }

    private async Task FindSignerAsync(FindSigner find)
    {
        SignedVote? found = null;
        bool searched = false;
        await GuardAsync(
            () =>
            {
                searched = TryFindInLedger(find, out found);
                return Task.CompletedTask;
            },
            CancellationToken.None);
        _posted.Post(() =>
        {
            _searching.Remove(find.To);
            if (searched) // what could not be read is no answer
                _inputs.Enqueue(new SignerFound(find.To, find.Token, found));
        });
    }

    private bool TryFindInLedger(FindSigner find, out SignedVote? found)
    {
        found = null;
        try
        {
            using LedgerSnapshot view = _ledger.OpenSnapshot();
            ulong last = Math.Max(find.Above, view.TipHeight - Math.Min(view.TipHeight, FindSigner.CertificatesMax));
            if (view.Gap is { } gap)
                last = Math.Max(last, gap.Base.Height);
            PublicKey key = _validators[find.To].Key;
            for (ulong height = view.TipHeight; height > last && found is null && !_stopping; height--)
                found = FindSigner.In(view.GetCertificate(height)!, _history.At(height).IndexOf(key));
            return true;
        }
        catch (StorageException e)
        {
            // An old certificate that cannot be read is for the operator, and no reason to stop voting.
            _events.Alarm(new Alarm(AlarmCode.LocalCheckFailed, e.Message));
            return false;
        }
    }

    /// <summary>A height that has passed is no error; anything else stops the node.</summary>
    private async Task GuardAsync(Func<Task> work, CancellationToken cancellation)
    {
        try
        {
            await Task.Run(work, CancellationToken.None);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            _events.Fatal(e);
        }
    }
}
