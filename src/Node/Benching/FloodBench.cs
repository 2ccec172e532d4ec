using System.Diagnostics;
using GovChain.Client;
using GovChain.Node.Auditing;
using GovChain.Node.Signatures;

namespace GovChain.Node.Benching;

/// <summary>
/// What one department's flood does to another: how long records of a department at its fair share take to the committed
/// outcome, first alone, then while a clerk of another sends all that a stream each takes of new records, of the same
/// ones again, and of ones with a wrong signature.
/// </summary>
internal sealed class FloodBench(FloodOptions options, Action<string> say)
{
    private const int Flooding = 0, Measured = 1;

    /// <summary>Records of the flood that are repeated, and those that are forged; sent again and again.</summary>
    private const int OthersMax = 10_000;

    /// <summary>Runs the measurement on a network that is made for it.</summary>
    public async Task<FloodReport> RunAsync(BenchNetwork bench, CancellationToken cancellation)
    {
        say($"Signing {options.FloodRecords} records of the flood and {2 * options.RecordsPerPhase} of the measured department ...");
        SignedLoad flood = Sign(bench, Flooding, options.WarmUpRecords, options.FloodRecords, cancellation);
        SignedLoad measured = Sign(bench, Measured, options.RecordsPerPhase, options.RecordsPerPhase, cancellation);
        await using var memory = new MemorySampler(bench.Network.Processes);
        using LedgerClient own = bench.Network.ConnectClient(Measured);
        using LedgerClient theirs = bench.Network.ConnectClient(Flooding);
        await new LoadLane(theirs, flood.WarmUp, LoadOptions.WindowMax).RunAsync(cancellation);
        await bench.Network.WaitUntilLevelAsync(cancellation);

        say($"{options.PerSecond} records a second of one department alone, {options.Seconds} seconds ...");
        LoadLane quiet = Paced(own, measured.WarmUp);
        await quiet.RunAsync(cancellation);
        long quietBytes = memory.MostBytes;

        say($"The same while another floods, {options.Seconds} seconds ...");
        LoadLane flooded = Paced(own, measured.Measured);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<LedgerClient> doors = [.. Enumerable.Range(0, options.Departments).Select(bench.Network.ConnectClient)];
        FloodLane[] lanes = Lanes(flood, doors);
        long start = Stopwatch.GetTimestamp();
        Task flooding = Task.WhenAll(lanes.Select(l => l.RunAsync(ending.Token)));
        try
        {
            await await Task.WhenAny(flooded.RunAsync(cancellation), flooding);
        }
        finally
        {
            await ending.CancelAsync();
            await flooding;
            doors.ForEach(static d => d.Dispose());
        }
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        await bench.Network.WaitUntilLevelAsync(cancellation);

        say("Verifying receipts and auditing a node ...");
        ReceiptCheck receipts = await ReceiptCheck.RunAsync(
            bench.Network, bench.ChainId, [.. measured.WarmUp, .. measured.Measured], options.Seed, EngineChoice.OfCommand(SignatureEngine.Auto), cancellation);
        using LedgerClient audited = bench.Network.ConnectAdministration(options.Departments - 1);
        AuditReport audit = await NodeAudit.RunAsync(audited, bench.ChainId, export: null, static (_, _) => { }, cancellation);
        return new FloodReport(
            options, [.. quiet.LatenciesMs.Order()], [.. flooded.LatenciesMs.Order()], [.. quiet.Refusals, .. flooded.Refusals], took, FloodReport.SumOf(lanes),
            quietBytes, memory.MostBytes, receipts, audit.FirstProblem is { } problem ? $"block {problem.Height}, {problem.Where}: {problem.Meaning}" : null);
    }

    private SignedLoad Sign(BenchNetwork bench, int department, int first, int then, CancellationToken cancellation) => SignedLoad.Sign(
        department: 0, new LoadOptions(1, then, options.ContentBytes, first, 1, options.Seed + department, SignatureEngine.Auto),
        bench.ChainId, bench.Clerks[department], BenchNetwork.TypeOf(department), static () => { }, cancellation);

    private LoadLane Paced(LedgerClient client, IReadOnlyList<SignedEnvelope> records) =>
        new(client, records, LoadOptions.WindowMax, options.PerSecond);

    /// <summary>New ones through the flooding department's own node; repeated and forged ones through every node, the measured
    /// department's, too. What is forged is never sent whole: of what is recorded the ledger answers whatever the signature.</summary>
    private static FloodLane[] Lanes(SignedLoad flood, List<LedgerClient> doors)
    {
        int forgeries = Math.Min(OthersMax, flood.Measured.Count / 2);
        ReadOnlyMemory<byte>[] again = [.. flood.WarmUp.Take(OthersMax).Select(static e => (ReadOnlyMemory<byte>)e.Bytes)];
        ReadOnlyMemory<byte>[] forged = [.. flood.Measured.Take(forgeries).Select(static e => (ReadOnlyMemory<byte>)Forged(e.Bytes))];
        return
        [
            new FloodLane(doors[Flooding], [.. flood.Measured.Skip(forgeries).Select(static e => (ReadOnlyMemory<byte>)e.Bytes)]),
            .. doors.SelectMany(d => new[] { new FloodLane(d, again), new FloodLane(d, forged) }),
        ];
    }

    // The envelope ends with the signature's last byte: another one there is a signature in range, and wrong.
    private static byte[] Forged(byte[] envelope) => [.. envelope[..^1], (byte)(envelope[^1] ^ 1)];
}
