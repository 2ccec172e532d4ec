using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Consensus;

/// <summary>
/// Reports of leaders whose view a quorum left (docs/PROTOCOL.md, "Suspension"). All who saw it hold one; they take turns,
/// and whoever finds it on the ledger says nothing. No clock of its own.
/// </summary>
/// <param name="validators">The set.</param>
/// <param name="turnMs">How long a turn is, milliseconds.</param>
/// <param name="againMs">After how long a report that does not stand on the ledger is sent again.</param>
internal sealed class ReportQueue(ValidatorSet validators, ulong turnMs, ulong againMs)
{
    /// <summary>Reports that wait: f a height at most, of the 64 heights in which they are of use.</summary>
    private const int WaitingMax = 256;

    private readonly List<(ReportLeader Report, ulong DueMs)> _waiting = [];

    /// <summary>Takes a report.</summary>
    public void Add(ReportLeader report, ulong nowMs)
    {
        if (_waiting.Count == WaitingMax)
            _waiting.RemoveAt(0);
        _waiting.Add((report, nowMs + (ulong)report.Turn * turnMs));
    }

    /// <summary>What is to be sent now; what is answered or too old is forgotten. What the next block had no room for waits.</summary>
    /// <param name="view">The newest ledger.</param>
    /// <param name="nowMs">A clock that does not jump.</param>
    public List<ReportLeader> TakeDue(ILedgerView view, ulong nowMs)
    {
        if (_waiting.Count == 0)
            return [];
        var overlay = new StateOverlay(view);
        LeaderState state = overlay.Leader;
        _waiting.RemoveAll(w => w.Report.Epoch != overlay.Epoch
            || LeaderSchedule.At(state, view.Tip.Height, w.Report.Height) is null
            || SuspensionRules.FindAnswer(state, validators[w.Report.Leader].Department, w.Report.Height) is not null);
        var due = new List<ReportLeader>();
        if (!SuspensionRules.HasRoom(state, view.Tip.Height + 1))
            return due;
        for (int i = 0; i < _waiting.Count; i++)
        {
            if (_waiting[i].DueMs > nowMs)
                continue;
            due.Add(_waiting[i].Report);
            // Until it stands on the ledger or is too old: a transaction may expire before a leader takes it.
            _waiting[i] = _waiting[i] with { DueMs = nowMs + againMs };
        }
        return due;
    }

    /// <summary>The action that brings a report onto the ledger.</summary>
    public SuspendLeader ActionOf(ReportLeader report)
    {
        var action = new SuspendLeader { Epoch = report.Epoch, Height = report.Height, View = report.View };
        foreach (ViewChangePayload payload in report.ViewChanges)
        {
            bool prepared = payload.PreparedView >= 0;
            action.ViewChanges.Add(new SignedViewChange
            {
                Signer = ByteString.CopyFrom(validators[payload.Signer].Key.Span),
                Prepared = (uint)(payload.PreparedView + 1),
                PreparedHash = prepared ? ByteString.CopyFrom(payload.PreparedHash.Span) : ByteString.Empty,
                Signature = ByteString.CopyFrom(payload.Signature.Span),
            });
        }
        return action;
    }
}
