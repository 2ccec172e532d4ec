using GovChain.Consensus;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Snapshots": which snapshots somebody who begins is given.</summary>
[TestFixture]
public sealed class SnapshotLeasesTest
{
    private const ulong MinuteMs = 60_000, SearchMs = 10_000;

    /// <summary>It takes both of all others as they end. Whoever comes needs most of the time of one.</summary>
    [Test]
    public void Leases_ThatOneAlwaysHolds_KeepNobodyOut(
        [Values(1ul, 8ul, 12ul, 16ul, 22ul)] ulong ageMinutes, [Values(14ul, 20ul, 26ul)] ulong needsMinutes)
    {
        using var leases = new SnapshotLeases<View>(SnapshotRules.LeaseMs);
        var plan = new SnapshotPlan(lagMin: 1);
        ulong height = 0, fetching = 0, begunMs = 0, ms = 0;
        for (bool isDone = false; !isDone; ms += SearchMs)
        {
            leases.Add(height += 64, new View(), ms);
            foreach (ulong held in leases.Held(ms).Reverse())
                leases.TryTake(held, ms);
            if (ms < ageMinutes * MinuteMs)
                continue;
            if (fetching == 0 && plan.Begin(1, ms))
            {
                (fetching, begunMs) = (leases.Held(ms).LastOrDefault(), ms);
                if (fetching == 0)
                    plan.NothingOffered(ms);
            }
            else if (fetching != 0 && leases.TryTake(fetching, ms) is null)
            {
                fetching = 0;
                plan.TryAgain(isProven: true, ms);
            }
            isDone = fetching != 0 && ms - begunMs >= needsMinutes * MinuteMs;
            Assert.That(ms, Is.LessThan(4 * SnapshotRules.LeaseMs), "one that fails, a pause as long, half a lease, and the fetch");
        }
    }

    private sealed class View : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
