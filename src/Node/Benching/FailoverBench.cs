using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Node.Commands;
using GovChain.Protos.V1;

namespace GovChain.Node.Benching;

/// <summary>
/// Measures how long a network stands still when the leader's process is killed with SIGKILL: from the kill until a record
/// that was submitted after it is committed on every other node. The dead leader cannot have proposed that record, so
/// what is measured is a new leader's block.
/// </summary>
internal sealed class FailoverBench(BenchNetwork bench, Action<string> say)
{
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private const int RecordsBefore = 20;

    private int _records;

    /// <summary>Kills the leader of the moment, measures, starts it again; as often as asked.</summary>
    /// <returns>Milliseconds, by round.</returns>
    public async Task<IReadOnlyList<double>> RunAsync(int rounds, CancellationToken cancellation)
    {
        var times = new List<double>();
        for (int round = 1; round <= rounds; round++)
        {
            for (int i = 0; i < RecordsBefore; i++)
                await SubmitAsync(i % bench.Clerks.Count, cancellation);
            await bench.Network.WaitUntilLevelAsync(cancellation);
            (int leader, string name) = await LeaderAsync(cancellation);
            double took = await KillAndMeasureAsync(leader, cancellation);
            times.Add(took);
            say($"Round {round}: {name} killed; the next block came after {took:F0} ms.");
            bench.Network.Launch(leader);
            await bench.Network.WaitUntilReadyAsync(leader, cancellation);
            await bench.Network.WaitUntilLevelAsync(cancellation);
        }
        return times;
    }

    private async Task<double> KillAndMeasureAsync(int leader, CancellationToken cancellation)
    {
        int[] others = [.. Enumerable.Range(0, bench.Clerks.Count).Where(i => i != leader)];
        SignedEnvelope envelope = Sign(others[0]);
        List<LedgerClient> clients = [.. others.Select(bench.Network.ConnectClient)];
        try
        {
            await Task.WhenAll(clients.Select(c => c.GetStatusAsync(cancellation)));
            long start = Stopwatch.GetTimestamp();
            await bench.Network.Processes[leader].KillAsync();
            TransactionOutcome[] outcomes = await Task.WhenAll(
                clients.Select(c => c.SubmitAsync(envelope, WaitFor.Committed, Patience, cancellation)));
            return outcomes.All(o => o.Status == TransactionStatus.CommittedDurably)
                ? Stopwatch.GetElapsedTime(start).TotalMilliseconds
                : throw new CommandException(ExitCode.ProblemsFound,
                    $"No block came within {Patience.TotalSeconds:F0} s after the leader was killed.");
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    private async Task SubmitAsync(int department, CancellationToken cancellation)
    {
        using LedgerClient client = bench.Network.ConnectClient(department);
        TransactionOutcome outcome = await client.SubmitAsync(Sign(department), WaitFor.Committed, Patience, cancellation);
        if (outcome.Status != TransactionStatus.CommittedDurably)
            throw new CommandException(ExitCode.ProblemsFound, $"A record was not committed: {outcome.Rejection?.Message ?? outcome.Status.ToString()}");
    }

    private SignedEnvelope Sign(int department)
    {
        int number = ++_records;
        var change = new RecordChange
        {
            Record = new RecordName
            {
                Type = BenchNetwork.TypeOf(department),
                Id = string.Create(CultureInfo.InvariantCulture, $"R-{number:D7}"),
            },
            Payload = new Payload
            {
                Inline = new InlinePayload
                {
                    MediaType = "application/json",
                    Content = UnsafeByteOperations.UnsafeWrap(SignedLoad.Content(LoadOptions.ContentBytesMin, number)),
                },
            },
        };
        return new TransactionFactory(bench.ChainId, bench.Clerks[department]).Create(
            body => body.Register = change, (ulong)(DateTimeOffset.UtcNow + Validity).ToUnixTimeMilliseconds());
    }

    private async Task<(int Index, string Name)> LeaderAsync(CancellationToken cancellation)
    {
        using LedgerClient client = bench.Network.ConnectClient(0);
        string leader = (await client.GetStatusAsync(cancellation)).Leader;
        int index = bench.Network.Departments.ToList().FindIndex(d => d.Id == leader);
        return index >= 0 ? (index, leader)
            : throw new CommandException(ExitCode.Unavailable, $"The node names no department as leader, but \"{leader}\".");
    }
}
