using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Consensus;

/// <summary>
/// Brings onto the ledger who led a view that a quorum left (docs/PROTOCOL.md, "Suspension"). All who saw it would; they
/// take turns of T1 each, and whoever finds it on the ledger says nothing. Safe from any thread.
/// </summary>
internal sealed class LeaderReports(
    ValidatorSet validators, LedgerHead ledger, ProtocolTransactions transactions, TimeProvider time, ulong turnMs, ILogger log)
{
    /// <summary>Reports that wait: f a height at most, of the 64 heights in which they are of use.</summary>
    private const int WaitingMax = 256;

    private readonly Lock _gate = new();
    private readonly List<Waiting> _waiting = [];

    /// <summary>Takes a report; it is sent in its turn.</summary>
    public void Add(ReportLeader report)
    {
        lock (_gate)
        {
            if (_waiting.Count == WaitingMax)
                _waiting.RemoveAt(0);
            _waiting.Add(new Waiting(report, time.MonotonicMs() + (ulong)report.Turn * turnMs));
        }
    }

    /// <summary>Sends what is due, and forgets what is answered or too old. About once a second.</summary>
    public async Task LookAsync()
    {
        foreach (ReportLeader report in TakeDue())
        {
            SubmissionResult result = await transactions.SubmitAsync(body => body.SuspendLeader = ActionOf(report));
            log.LeaderReported(
                validators[report.Leader].Department, report.Height, report.View, result.Rejection?.CodeName ?? "accepted");
        }
    }

    private List<ReportLeader> TakeDue()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
                return [];
            using LedgerSnapshot view = ledger.OpenSnapshot();
            var overlay = new StateOverlay(view);
            LeaderState state = overlay.Leader;
            _waiting.RemoveAll(w => w.Report.Epoch != overlay.Epoch
                || LeaderSchedule.At(state, view.TipHeight, w.Report.Height) is null
                || SuspensionRules.FindAnswer(state, validators[w.Report.Leader].Department, w.Report.Height) is not null);
            ulong nowMs = time.MonotonicMs();
            var due = new List<ReportLeader>();
            for (int i = 0; i < _waiting.Count; i++)
            {
                if (_waiting[i].DueMs > nowMs)
                    continue;
                due.Add(_waiting[i].Report);
                // Until it stands on the ledger or is too old: a transaction may expire before a leader takes it.
                _waiting[i] = _waiting[i] with { DueMs = nowMs + transactions.ValidMs };
            }
            return due;
        }
    }

    private SuspendLeader ActionOf(ReportLeader report)
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

    private readonly record struct Waiting(ReportLeader Report, ulong DueMs);
}
