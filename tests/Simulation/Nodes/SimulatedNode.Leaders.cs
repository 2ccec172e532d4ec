using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Consensus;

namespace GovChain.Tests.Simulation;

/// <content>What a node does about leaders: gives them what waits, complains, and reports those that a quorum left.</content>
internal sealed partial class SimulatedNode
{
    private LeaderWatch _leaderWatch;
    private ReportQueue _reports;

    /// <summary>The last complaint that the core was told of: a cause to leave a view.</summary>
    public (ulong Height, uint View) Complained { get; private set; }

    private ulong MonotonicMs => _stage.NowUs / 1_000;

    private LeaderWatch NewLeaderWatch() => new(_config.Validators, Index, _config.Parameters, _pool);

    private ReportQueue NewReports() =>
        new(_config.Validators, _config.Parameters.ForwardTimeoutMs, SimulatedChain.ExpiryMs / 2);

    private void WatchLeader()
    {
        ConsensusStanding standing = ConsensusStanding.Of(Core!);
        Complaint? complaint = _leaderWatch.Look(
            standing, MonotonicMs, out IReadOnlyList<ReadOnlyMemory<byte>> forward);
        if (forward.Count > 0 && standing.Leader != Index)
            _stage.Send(this, standing.Leader, new EnvelopesFrame(forward));
        if (complaint is null)
            return;
        _stage.Chart?.Event(this, '!', $"complains: {complaint.Detail}");
        Complained = (complaint.Height, complaint.View);
        Feed(complaint);
    }

    private void Report(ReportLeader report) => _reports.Add(report, MonotonicMs);

    private void SendReports()
    {
        if (!IsUp)
            return;
        foreach (ReportLeader report in _reports.TakeDue(Ledger.View, MonotonicMs))
        {
            Transaction transaction = _stage.Chain.Suspend(Index, Key, UtcMs, _reports.ActionOf(report));
            _stage.Invariants.Submitted[transaction.Id] = Fate.MayCommit;
            _stage.Chart?.Event(this, '!', $"reports {report.Leader}, leader of view {report.View} at {report.Height}");
            Submit(transaction);
        }
    }

    private void ForgetLeaders()
    {
        _leaderWatch = NewLeaderWatch();
        _reports = NewReports();
    }
}
