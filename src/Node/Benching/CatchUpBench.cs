using System.Diagnostics;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;

namespace GovChain.Node.Benching;

/// <summary>What is measured.</summary>
/// <param name="Records">Records of the history.</param>
/// <param name="Versions">Versions of each record: more old blocks, and the same state.</param>
/// <param name="BlockRecords">Transactions in a block.</param>
/// <param name="Load">Records that are committed for the commit rate; 0 leaves that and catch-up by blocks out.</param>
internal sealed record CatchUpOptions(int Records, int Versions, int BlockRecords, int Load);

/// <summary>What was found; rates a second, times in seconds.</summary>
internal sealed record CatchUpReport(CatchUpOptions Options, ulong Blocks, long DataBytes)
{
    public double? CommitBlocks { get; set; }

    public double? CommitRecords { get; set; }

    public double? CatchUpBlocks { get; set; }

    public double? CatchUpRecords { get; set; }

    public double SnapshotSeconds { get; set; }

    public ulong SnapshotBehind { get; set; }

    public double FilledSeconds { get; set; }

    /// <summary>For scripts.</summary>
    public JsonObject ToJson() => new()
    {
        ["records"] = Options.Records,
        ["versions"] = Options.Versions,
        ["blockRecords"] = Options.BlockRecords,
        ["blocks"] = Blocks,
        ["dataBytes"] = DataBytes,
        ["commitBlocksPerSecond"] = Round(CommitBlocks),
        ["commitRecordsPerSecond"] = Round(CommitRecords),
        ["catchUpBlocksPerSecond"] = Round(CatchUpBlocks),
        ["catchUpRecordsPerSecond"] = Round(CatchUpRecords),
        ["snapshotSeconds"] = Round(SnapshotSeconds),
        ["snapshotBlocksBehind"] = SnapshotBehind,
        ["filledInSeconds"] = Round(FilledSeconds),
        ["processors"] = Environment.ProcessorCount,
    };

    private static double? Round(double? value) => value is { } v ? Math.Round(v, 2) : null;
}

/// <summary>
/// Measures how a department whose disk was wiped comes back to three others that hold a long history: block by block, and by
/// snapshot. All are processes of their own on this machine, so the one that comes back shares its processors with the three
/// that serve it.
/// </summary>
internal sealed class CatchUpBench(CatchUpOptions options, Action<string> say)
{
    private const int Departments = 4, Wiped = Departments - 1, Window = 256;
    private const ulong Near = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(2), Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Makes the history, runs the network, measures.</summary>
    /// <param name="directory">Where; it must not hold anything yet. Null: a temporary one, removed afterwards.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<CatchUpReport> RunAsync(string? directory, CancellationToken cancellation)
    {
        if (directory is not null && Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw new CommandException(ExitCode.Usage, $"{directory} is not empty; a measurement starts with a new ledger.");
        var layout = new DevnetLayout(directory ?? Directory.CreateTempSubdirectory("govchain-bench-").FullName);
        try
        {
            return await RunAsync(layout, cancellation);
        }
        finally
        {
            if (directory is null)
                Directory.Delete(layout.Directory, recursive: true);
        }
    }

    private async Task<CatchUpReport> RunAsync(DevnetLayout layout, CancellationToken cancellation)
    {
        long blocks = 2 + (long)options.Records * options.Versions / options.BlockRecords;
        var builder = new DevnetBuilder(layout)
        {
            CreatedAt = DateTimeOffset.UtcNow - CatchUpHistory.BlockSpacing * (blocks + 1),
            Adjust = static p => p.ExpiryHorizonMs = 60_000,
        };
        IReadOnlyList<DevnetDepartment> departments = builder.Prepare(Departments);
        using var history = new CatchUpHistory(layout, departments);
        say($"Making {blocks} blocks ...");
        (ulong height, long bytes) = history.Make(
            options.Records, options.Versions, options.BlockRecords, static _ => { }, cancellation);
        var report = new CatchUpReport(options, height, bytes);
        say($"{height} blocks, {(double)bytes / 1_000_000:F0} MB. Starting three departments ...");
        await using DevnetNetwork network = await DevnetNetwork.StartAsync(layout, departments, cancellation, first: Wiped);
        await UntilVotingAsync(network, cancellation);
        if (options.Load > 0)
        {
            await CommitAsync(network, history, report, cancellation);
            await ByBlocksAsync(network, layout, report, cancellation);
        }
        await BySnapshotAsync(network, layout, report, cancellation);
        return report;
    }

    private static async Task UntilVotingAsync(DevnetNetwork network, CancellationToken cancellation)
    {
        for (int i = 0; i < Wiped; i++)
            await UntilAsync(network, i, static s => s.Voting, cancellation);
    }

    private async Task CommitAsync(
        DevnetNetwork network, CatchUpHistory history, CatchUpReport report, CancellationToken cancellation)
    {
        var factory = new TransactionFactory(history.ChainId, history.Clerk);
        ulong expiry = (ulong)DateTimeOffset.UtcNow.AddSeconds(55).ToUnixTimeMilliseconds();
        // A quarter more goes first: a program that has just started is slower.
        var envelopes = new SignedEnvelope[options.Load + options.Load / 4];
        Parallel.For(0, envelopes.Length, i => envelopes[i] = history.Sign(factory, $"L-{i:D8}", 0, expiry));
        using var room = new SemaphoreSlim(Window);
        LedgerClient[] clients = [.. Enumerable.Range(0, Wiped).Select(network.ConnectClient)];
        await SubmitAsync(envelopes.AsMemory(options.Load));
        ulong before = (await clients[0].GetStatusAsync(cancellation)).Height;
        var clock = Stopwatch.StartNew();
        await SubmitAsync(envelopes.AsMemory(0, options.Load));
        double seconds = clock.Elapsed.TotalSeconds;
        report.CommitBlocks = ((await clients[0].GetStatusAsync(cancellation)).Height - before) / seconds;
        report.CommitRecords = options.Load / seconds;
        say($"Three departments commit {report.CommitBlocks:F1} blocks/s with {report.CommitRecords:F0} records/s.");
        Array.ForEach(clients, static c => c.Dispose());

        Task SubmitAsync(Memory<SignedEnvelope> part) => Task.WhenAll(part.ToArray().Select(async (envelope, i) =>
        {
            await room.WaitAsync(cancellation);
            TransactionOutcome outcome =
                await clients[i % Wiped].SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromMinutes(1), cancellation);
            room.Release();
            if (outcome.Status != TransactionStatus.CommittedDurably)
                throw new CommandException(ExitCode.ProblemsFound, $"A record was not committed: {outcome.Rejection?.Message ?? outcome.Status.ToString()}");
        }));
    }

    private async Task ByBlocksAsync(DevnetNetwork network, DevnetLayout layout, CatchUpReport report, CancellationToken cancellation)
    {
        GetStatusResponse others = await StatusAsync(network, 0, cancellation);
        SetSnapshotLag(layout, network.Departments[Wiped], 0);
        network.Launch(Wiped);
        await UntilAsync(network, Wiped, static s => s.Height > 0, cancellation);
        GetStatusResponse begin = await StatusAsync(network, Wiped, cancellation);
        var clock = Stopwatch.StartNew();
        GetStatusResponse end = await UntilAsync(network, Wiped, s => s.Height >= others.Height, cancellation);
        double seconds = clock.Elapsed.TotalSeconds;
        report.CatchUpBlocks = (end.Height - begin.Height) / seconds;
        report.CatchUpRecords = (end.LogSize - begin.LogSize) / seconds;
        say($"Block by block the wiped one makes {report.CatchUpBlocks:F1} blocks/s with {report.CatchUpRecords:F0} records/s.");
        await network.Processes[Wiped].StopAsync(TimeSpan.FromSeconds(30));
    }

    private async Task BySnapshotAsync(DevnetNetwork network, DevnetLayout layout, CatchUpReport report, CancellationToken cancellation)
    {
        string data = layout.At(network.Departments[Wiped].Id, "data");
        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true);
        ulong tip = (await StatusAsync(network, 0, cancellation)).Height;
        SetSnapshotLag(layout, network.Departments[Wiped], (long)Near);
        var clock = Stopwatch.StartNew();
        network.Launch(Wiped);
        GetStatusResponse there = await UntilAsync(network, Wiped, s => s.Height + Near >= tip, cancellation);
        report.SnapshotSeconds = clock.Elapsed.TotalSeconds;
        report.SnapshotBehind = tip - Math.Min(tip, there.Height);
        if (there.WholeFromHeight == 0)
            throw new CommandException(ExitCode.ProblemsFound,
                "The node came back block by block, not by snapshot: with so few blocks that costs less. More of --versions, or less of --block-records, makes more.");
        say($"By snapshot it is {report.SnapshotBehind} blocks behind {report.SnapshotSeconds:F1} s after its start, whole from block {there.WholeFromHeight} on.");
        await UntilAsync(network, Wiped, static s => s.WholeFromHeight == 0, cancellation);
        report.FilledSeconds = clock.Elapsed.TotalSeconds;
        say($"All older blocks are filled in {report.FilledSeconds:F1} s after its start.");
    }

    /// <summary>Sets from how far behind on a department's node fetches a snapshot; 0: never.</summary>
    public static void SetSnapshotLag(DevnetLayout layout, DevnetDepartment department, long blocks)
    {
        string file = layout.At(department.Id, "node.json");
        JsonNode node = JsonNode.Parse(File.ReadAllText(file))!;
        node["snapshots"] = new JsonObject { ["lagBlocks"] = blocks };
        File.WriteAllText(file, node.ToJsonString(Profile.Json) + "\n");
    }

    private static async Task<GetStatusResponse> StatusAsync(DevnetNetwork network, int department, CancellationToken cancellation)
    {
        using LedgerClient client = network.ConnectClient(department);
        return await client.GetStatusAsync(cancellation);
    }

    /// <summary>Asks again and again, over starts of the node, too.</summary>
    private static async Task<GetStatusResponse> UntilAsync(
        DevnetNetwork network, int department, Func<GetStatusResponse, bool> holds, CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        using LedgerClient client = network.ConnectClient(department);
        while (since.Elapsed < Patience)
        {
            if (network.Processes[department].HasExited)
                throw new CommandException(ExitCode.Unavailable, $"A node ended:\n{network.Processes[department].LastLines}");
            try
            {
                GetStatusResponse status = await client.GetStatusAsync(cancellation);
                if (holds(status))
                    return status;
            }
            catch (LedgerClientException)
            {
                // It is starting, or starts again.
            }
            await Task.Delay(Look, cancellation);
        }
        throw new CommandException(ExitCode.ProblemsFound, $"Department {department} did not come so far within {Patience.TotalMinutes:F0} minutes.");
    }
}
