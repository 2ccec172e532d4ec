using System.Diagnostics;
using GovChain.Client;
using GovChain.Node.Auditing;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>What dies.</summary>
internal enum Kill
{
    Node,
    Leader,
    Importer,
    AllNodes,
}

/// <summary>What a round did.</summary>
internal sealed record KillRoundReport(
    int Seed, int Events, int Acknowledged, IReadOnlyDictionary<string, int> Kills, double Seconds,
    ulong Height, ulong Transactions, string LogRoot, string StateRoot);

/// <summary>
/// Four departments import a file each while processes die by SIGKILL: any node, the leader, a client, all nodes at once;
/// each of the four at least once, the rest by the seed, a few seconds after all is up again or when another sixth of the
/// records is in. Afterwards every acknowledgement is looked for in every department's directory.
/// </summary>
internal sealed class KillRound(TestNetwork network, IReadOnlyList<(string Type, string Path)> files, int seed)
{
    private const int Parts = 6;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly Random _random = new(seed);
    private readonly ClientProcess[] _imports =
        [.. files.Select((f, i) => ClientProcess.Import(network, i, f.Path, f.Type))];
    private readonly NodeKiller _killer = new(network);
    private readonly SortedDictionary<string, int> _kills = new(StringComparer.Ordinal);

    /// <summary>Imports, kills, and checks.</summary>
    public async Task<KillRoundReport> RunAsync(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        RegisterFold[] folds = [.. files.Select(f => RegisterFold.Of(f.Path))];
        for (int i = 0; i < files.Count; i++)
            await network.DefineTypeAsync(i, files[i].Type, cancellation);
        await network.Network.WaitUntilLevelAsync(cancellation);

        Task importing = Task.WhenAll(_imports.Select(i => i.RunAsync(cancellation)));
        await KillAsync(folds.Sum(f => f.Events), importing, cancellation);
        await importing;
        await _killer.WhenReadyAsync();

        await network.Network.WaitUntilLevelAsync(cancellation);
        for (int i = 0; i < files.Count; i++)
        {
            // read from another department's node than the one that imported
            using LedgerClient reader = network.Network.ConnectClient((i + 1) % files.Count);
            await ImportAssert.RecordsEqualFoldAsync(reader, files[i].Type, folds[i], cancellation);
        }
        await network.StopNodesAsync();
        Acknowledgement[] told = [.. _imports.SelectMany(i => Acknowledgement.Read(i.File))];
        foreach ((string type, RegisterFold fold) in files.Select(f => f.Type).Zip(folds))
        {
            Assert.That(told.Where(t => t.Type == type).DistinctBy(t => t.TransactionId).Count(), Is.EqualTo(fold.Events),
                $"acknowledgements of {type}");
        }
        var check = new LedgerCheck(network, told);
        await check.RunAsync(cancellation);
        AuditReport audit = check.Audits[0];
        return new KillRoundReport(
            seed, folds.Sum(f => f.Events), told.Length, _kills, Math.Round(clock.Elapsed.TotalSeconds, 1),
            audit.Height, audit.Transactions, audit.LogRoot.ToString(), audit.StateRoot.ToString());
    }

    private async Task KillAsync(int events, Task importing, CancellationToken cancellation)
    {
        Kill[] first = Enum.GetValues<Kill>();
        _random.Shuffle(first);
        for (int kills = 0; !importing.IsCompleted; kills++)
        {
            Kill kill = kills < first.Length ? first[kills] : first[_random.Next(first.Length)];
            await UntilDueAsync(events * (kills + 1) / Parts, importing, cancellation);
            if (!importing.IsCompleted && await TryKillAsync(kill, cancellation))
                _kills[kill.ToString()] = _kills.GetValueOrDefault(kill.ToString()) + 1;
        }
    }

    /// <summary>So many records are in, or all nodes have been up for two to five seconds.</summary>
    private async Task UntilDueAsync(int told, Task importing, CancellationToken cancellation)
    {
        TimeSpan pause = TimeSpan.FromSeconds(2 + 3 * _random.NextDouble());
        Stopwatch? up = null;
        while (!importing.IsCompleted && _imports.Sum(i => i.CountLines()) < told && !(up?.Elapsed > pause))
        {
            if (up is null && _killer.AllReady)
                up = Stopwatch.StartNew();
            await Task.Delay(Look, cancellation);
        }
    }

    private async Task<bool> TryKillAsync(Kill kill, CancellationToken cancellation)
    {
        int[] nodes;
        switch (kill)
        {
            case Kill.Importer:
                ClientProcess[] clients = [.. _imports];
                _random.Shuffle(clients);
                return clients.Any(c => c.TryKill());
            case Kill.AllNodes:
                nodes = [.. Enumerable.Range(0, network.Count)];
                break;
            case Kill.Leader:
                nodes = [await _killer.LeaderAsync(_random.Next(network.Count), cancellation)];
                break;
            default:
                nodes = [_random.Next(network.Count)];
                break;
        }
        await _killer.KillAsync(nodes, TimeSpan.FromMilliseconds(_random.Next(500)), cancellation);
        return true;
    }
}
