using System.Diagnostics;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Node.Auditing;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;

namespace GovChain.Node.Benching;

/// <summary>
/// Measures what a network of real processes commits: everything is signed before, one stream for each department, synced
/// writes, and afterwards the receipts and one node's whole ledger are verified.
/// </summary>
/// <param name="options">The load.</param>
/// <param name="say">Told what goes on, in sentences.</param>
/// <param name="progress">Told what is done of how much in the step that runs; often, from several threads.</param>
internal sealed class LoadBench(LoadOptions options, Action<string> say, Action<int, int> progress)
{
    /// <summary>Runs the whole measurement on a network that is made for it.</summary>
    public async Task<LoadReport> RunAsync(BenchNetwork bench, CancellationToken cancellation)
    {
        LoadReport report = await MeasureAsync(bench, cancellation);
        await bench.StopAsync();
        return report with { DiskBytes = bench.DataBytes(0) };
    }

    private async Task<LoadReport> MeasureAsync(BenchNetwork bench, CancellationToken cancellation)
    {
        (SignedLoad[] loads, TimeSpan signing) = Sign(bench, cancellation);
        await using var memory = new MemorySampler(bench.Network.Processes);
        if (options.WarmUpRecords > 0)
        {
            say($"Warming up with {options.WarmUpRecords} records ...");
            await SendAsync(bench, [.. loads.Select(l => l.WarmUp)], cancellation);
            await bench.Network.WaitUntilLevelAsync(cancellation);
        }
        say($"Submitting {options.Records} records of {options.ContentBytes} bytes through {options.Departments} departments ...");
        ulong heightBefore = await HeightAsync(bench, cancellation);
        TimeSpan processorBefore = ProcessorTime(bench);
        (IReadOnlyList<LoadLane> lanes, TimeSpan took) = await SendAsync(bench, [.. loads.Select(l => l.Measured)], cancellation);
        await bench.Network.WaitUntilLevelAsync(cancellation);
        ulong blocks = await HeightAsync(bench, cancellation) - heightBefore;
        TimeSpan processorTime = ProcessorTime(bench) - processorBefore;
        say("Verifying receipts ...");
        ReceiptCheck receipts = await ReceiptCheck.RunAsync(
            bench.Network, bench.ChainId, [.. loads.SelectMany(l => l.Measured)], options.Seed, EngineChoice.OfCommand(options.Engine), cancellation);
        string? problem = await AuditAsync(bench, cancellation);
        string[] refusals = [.. lanes.SelectMany(l => l.Refusals)];
        return new LoadReport(
            options, options.Records - refusals.Length, refusals, took, [.. lanes.SelectMany(l => l.LatenciesMs).Order()],
            blocks, signing, processorTime, memory.MostBytes, DiskBytes: 0, receipts, problem, Verifier());
    }

    private string Verifier() => options.Engine switch
    {
        SignatureEngine.Platform => "platform",
        SignatureEngine.Auto => $"engine, {EnginePaths.Best}",
        _ => $"engine, {options.Engine}",
    };

    private (SignedLoad[] Loads, TimeSpan Took) Sign(BenchNetwork bench, CancellationToken cancellation)
    {
        int total = options.WarmUpRecords + options.Records;
        say($"Signing {total} envelopes before the clock starts ...");
        int signed = 0;
        long start = Stopwatch.GetTimestamp();
        SignedLoad[] loads =
        [
            .. Enumerable.Range(0, options.Departments).Select(i => SignedLoad.Sign(
                i, options, bench.ChainId, bench.Clerks[i], BenchNetwork.TypeOf(i),
                () => progress(Interlocked.Increment(ref signed), total), cancellation)),
        ];
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        say($"Signed {total} in {took.TotalSeconds:F1} s.");
        return (loads, took);
    }

    /// <summary>Sends one load through each department, all at once; the time is from first send to last outcome.</summary>
    private async Task<(IReadOnlyList<LoadLane> Lanes, TimeSpan Took)> SendAsync(
        BenchNetwork bench, IReadOnlyList<SignedEnvelope>[] loads, CancellationToken cancellation)
    {
        List<LedgerClient> clients = [.. Enumerable.Range(0, loads.Length).Select(bench.Network.ConnectClient)];
        try
        {
            await Task.WhenAll(clients.Select(c => c.GetStatusAsync(cancellation))); // connections stand before the clock starts
            List<LoadLane> lanes = [.. loads.Select((load, i) => new LoadLane(clients[i], load, options.WindowRecords))];
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            int total = loads.Sum(l => l.Count);
            Task watching = WatchAsync(lanes, total, ending.Token);
            long start = Stopwatch.GetTimestamp();
            try
            {
                await Task.WhenAll(lanes.Select(l => l.RunAsync(cancellation)));
                return (lanes, Stopwatch.GetElapsedTime(start));
            }
            finally
            {
                await ending.CancelAsync();
                await watching;
            }
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    private async Task WatchAsync(List<LoadLane> lanes, int total, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
                progress(lanes.Sum(l => l.Ended), total);
        }
        catch (OperationCanceledException)
        {
            progress(lanes.Sum(l => l.Ended), total);
        }
    }

    private async Task<string?> AuditAsync(BenchNetwork bench, CancellationToken cancellation)
    {
        say("Auditing one node from genesis ...");
        using LedgerClient node = bench.Network.ConnectAdministration(options.Departments - 1);
        AuditReport audit = await NodeAudit.RunAsync(
            node, bench.ChainId, export: null, (height, tip) => progress((int)height, (int)tip), cancellation,
            engine: EngineChoice.OfCommand(options.Engine));
        return audit.FirstProblem is { } problem ? $"block {problem.Height}, {problem.Where}: {problem.Meaning}" : null;
    }

    private static TimeSpan ProcessorTime(BenchNetwork bench) =>
        new(bench.Network.Processes.Sum(p => p.ProcessorTime.Ticks));

    private static async Task<ulong> HeightAsync(BenchNetwork bench, CancellationToken cancellation)
    {
        using LedgerClient node = bench.Network.ConnectAdministration(0);
        GetStatusResponse status = await node.GetStatusAsync(cancellation);
        return status.Height;
    }
}
