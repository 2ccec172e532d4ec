using GovChain.Consensus;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Snapshots": which snapshots somebody who begins is given.</summary>
[TestFixture]
public sealed class SnapshotLeasesTest
{
    private const ulong MinuteMs = 60_000, StepMs = 10_000;

    /// <summary>One takes a snapshot of a node as soon as it may, the second some minutes after the first, and again as they end. Whoever comes
    /// finds one that is kept until the longest fetch is over.</summary>
    [Test]
    public void Leases_ThatOneAlwaysHolds_KeepNobodyOut(
        [Values(0ul, 8ul, 15ul, 22ul, 37ul)] ulong secondMinutes, [Values(1ul, 8ul, 14ul, 16ul, 22ul, 29ul, 37ul, 46ul)] ulong ageMinutes)
    {
        using var leases = new SnapshotLeases<View>(SnapshotRules.FetchMs);
        var plan = new SnapshotPlan(lagMin: 1);
        ulong height = 0, fetching = 0, begunMs = 0;
        for (ulong ms = 0; fetching == 0 || ms - begunMs < SnapshotRules.FetchMs; ms += StepMs)
        {
            leases.Add(++height, new View(), ms);
            if (ms == 0 || ms >= secondMinutes * MinuteMs)
                leases.TryTake(height, ms);
            if (fetching == 0 && ms >= ageMinutes * MinuteMs && plan.Begin(1, ms))
            {
                (fetching, begunMs) = (leases.Held(ms).LastOrDefault(), ms);
                if (fetching == 0)
                    plan.NothingOffered(ms);
            }
            if (fetching != 0)
                Assert.That(leases.TryTake(fetching, ms), Is.Not.Null, $"begun after {begunMs / MinuteMs} minutes, gone after {ms / MinuteMs}");
            Assert.That(fetching != 0 || ms <= ageMinutes * MinuteMs + SnapshotRules.FetchMs + SnapshotPlan.PauseMs,
                "both end so long after they were given to others at the latest, and the next search is a pause later");
        }
    }

    private sealed class View : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
