using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>Timers and view changes.</content>
public sealed partial class ConsensusCore
{
    private void OnTimer(TimerFired fired)
    {
        if (!_timerArmed || fired.Generation != _timerGeneration || fired.Height != _round.Height
            || fired.View != _round.View)
            return;
        _timerArmed = false;
        LeaveView(ViewCause.Timeout, "");
    }

    /// <summary>
    /// Starts or stops the timer as its rule says: at view 0 while there is work, above once Q validators have come to
    /// this view or a higher one.
    /// </summary>
    private void ArmTimer()
    {
        bool wanted = CanVote && !_halted && _round.Decision is null
            && (_round.View == 0 ? _hasWork || _round.Proposal is not null : IsViewGathered);
        if (!wanted)
        {
            StopTimer();
            return;
        }
        if (_timerArmed)
            return;
        _timerArmed = true;
        _effects.Add(new SetTimer(
            _round.Height, _round.View, ++_timerGeneration, TimeRules.TimeoutMs(_config.Parameters, _round.View)));
    }

    private bool IsViewGathered => _round.ViewChanges.ViewReachedBy(_quorum) >= _round.View;

    private void StopTimer()
    {
        _timerArmed = false;
        _timerGeneration++;
    }

    /// <summary>
    /// A local reason to give this view up: only from view 0, or once Q validators have come this far. Otherwise a node
    /// alone would run views ahead of the others, who could never catch up.
    /// </summary>
    private void LeaveView(ViewCause cause, string detail)
    {
        if (CanVote && _round.Decision is null && (_round.View == 0 || IsViewGathered))
            EnterView(_round.View + 1, cause, detail);
    }

    private void OnViewChange(ViewChangeMessage m)
    {
        if (m.Payload.Signer == _self)
            return;
        Remember(m);
        _round.ViewChanges.Add(m);
        NoteLeft(m.View);
        FollowViewChanges();
        ArmTimer();
        TryLead();
    }

    /// <summary>Joins the highest view that f+1 validators have reached: at least one of them is honest.</summary>
    private void FollowViewChanges()
    {
        uint reached = _round.ViewChanges.ViewReachedBy(Quorum.Weak(_set.Count));
        if (reached > _round.View && _round.Decision is null)
            EnterView(reached, ViewCause.Joined, "");
    }

    /// <summary>Keeps a quorum's view changes for a view, once there are as many: they say who failed.</summary>
    private void NoteLeft(uint view)
    {
        if (view == 0)
            return;
        List<ViewChangeMessage> asked = _round.ViewChanges.For(view);
        if (asked.Count >= _quorum)
            _round.Left.Add(view, [.. asked.Take(_quorum).Select(static m => m.Payload)]);
    }

    /// <summary>
    /// Says who led the views that a quorum left before the one that decided. Whoever led on is the first to report it, the
    /// others follow in order of the set.
    /// </summary>
    private void ReportLeaders(Certificate decision)
    {
        foreach ((uint view, IReadOnlyList<ViewChangePayload> quorum) in _round.Left.All)
        {
            if (view > decision.View)
                return;
            int turn = (_self - LeaderOf(decision.View) + _set.Count) % _set.Count;
            _effects.Add(new ReportLeader(
                _config.Epoch, _round.Height, view - 1, LeaderOf(view - 1), turn, quorum));
        }
    }

    /// <summary>Goes to a higher view: promises to vote in no older one, and tells the others what is prepared here.
    /// </summary>
    private void EnterView(uint view, ViewCause cause, string detail)
    {
        StopTimer();
        _signing.Clear();
        _effects.Add(new ViewLeft(_round.Height, _round.View, view, cause, detail));
        _round.EnterView(view);
        if (CanVote)
            Promise();
    }

    /// <summary>Signs the view change for the view this node is in.</summary>
    private void Promise()
    {
        uint view = _round.View;
        Certificate? prepared = _round.Prepared;
        var unsigned = new ViewChangePayload(
            (ushort)_self, prepared?.View ?? -1L, prepared?.BlockHash ?? Digest.Zero, default);
        Sign(JustificationRules.VoteOf(_config, _round.Height, view, unsigned), s =>
        {
            var message = new ViewChangeMessage(
                _config.Epoch, _round.Height, view, unsigned with { Signature = s }, prepared);
            ulong index = Append(new PromisedRecord(message));
            _round.OwnViewChange = message;
            Witness(message);
            SendTo(Send.ToAll, message, index);
            _round.ViewChanges.Add(message);
            NoteLeft(view);
            ArmTimer();
            TryLead();
        });
    }
}
