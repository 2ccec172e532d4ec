using System.Diagnostics;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Not a check but a measurement, to be asked for: records per second through nodes in one process, signed ahead.
/// </summary>
[Explicit]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ThroughputTests
{
    [TestCase(1, 6_000)]
    [TestCase(4, 6_000)]
    public async Task Register_RecordsOf512Bytes_MeasuredAtTheFirstNode(int departments, int records)
    {
        string root = Directory.CreateTempSubdirectory("govchain-load-").FullName;
        using var ledger = new TestLedger(departments);
        var network = new LoopbackNetwork();
        TestNode[] nodes =
            [.. Enumerable.Range(0, departments).Select(i => new TestNode(ledger, i, Path.Combine(root, $"n{i}"), network))];
        foreach (TestNode node in nodes)
            await node.StartAsync();
        await nodes[0].FoundAsync();
        string content = new('x', 512);
        byte[][] envelopes = [.. Enumerable.Range(0, records).Select(i => ledger.Change($"R-{i}", 0, content))];

        ulong heightBefore = nodes[0].Height;
        var latencies = new double[records];
        TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        using var window = new SemaphoreSlim(2_000);
        var tasks = new Task[records];
        for (int i = 0; i < records; i++)
        {
            await window.WaitAsync();
            int index = i;
            tasks[i] = Task.Run(async () =>
            {
                long submitted = Stopwatch.GetTimestamp();
                TransactionOutcome outcome = await nodes[index % departments].SubmitAsync(envelopes[index]);
                latencies[index] = Stopwatch.GetElapsedTime(submitted).TotalMilliseconds;
                window.Release();
                Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), outcome.Rejection?.Message);
            });
        }
        await Task.WhenAll(tasks);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        TimeSpan cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        Array.Sort(latencies);
        TestContext.Progress.WriteLine(
            $"{departments} departments: {records / elapsed.TotalSeconds:F0} records/s, p50 {latencies[records / 2]:F0} ms, "
            + $"p99 {latencies[records * 99 / 100]:F0} ms, {nodes[0].Height - heightBefore} blocks, "
            + $"{cpu.TotalMilliseconds / records:F2} ms of a core for each record");
        foreach (TestNode node in nodes)
            await node.DisposeAsync();
        Directory.Delete(root, recursive: true);
    }
}
