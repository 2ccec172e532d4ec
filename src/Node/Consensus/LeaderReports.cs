using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Consensus;

/// <summary>
/// Brings onto the ledger who led a view that a quorum left (docs/PROTOCOL.md, "Suspension"), in this node's turn. Safe
/// from any thread.
/// </summary>
internal sealed class LeaderReports(
    ValidatorSet validators, LedgerHead ledger, ProtocolTransactions transactions, TimeProvider time, ulong turnMs, ILogger log)
{
    private readonly Lock _gate = new();
    private readonly ReportQueue _queue = new(validators, turnMs, transactions.ValidMs);

    /// <summary>Takes a report; it is sent in its turn.</summary>
    public void Add(ReportLeader report)
    {
        lock (_gate)
            _queue.Add(report, time.MonotonicMs());
    }

    /// <summary>Sends what is due, and forgets what is answered or too old. About once a second.</summary>
    public async Task LookAsync()
    {
        foreach (ReportLeader report in TakeDue())
        {
            SubmissionResult result = await transactions.SubmitAsync(body => body.SuspendLeader = _queue.ActionOf(report));
            log.LeaderReported(validators[report.Leader].Department, report.Height, report.View, result.Answer);
        }
    }

    private List<ReportLeader> TakeDue()
    {
        using LedgerSnapshot view = ledger.OpenSnapshot();
        lock (_gate)
            return _queue.TakeDue(view, time.MonotonicMs());
    }
}
